// All state of a page lives in its query string; a UI has one page, or a few side by side.
//
// So a link shows a colleague the same thing, back and forward work, and a reverse proxy may put
// the UI under any prefix: every address here is relative.
import { batch, signal } from '@preact/signals';

/** New values by name: null removes, several stand in the address one after the other. */
export type Changes = Record<string, string | readonly string[] | null | undefined>;

/** What the address bar says now. Replaced as a whole, never changed in place. */
export const query = signal(new URLSearchParams(location.search));

/** The page shown: the last part of the path, empty for the first page. */
export const page = signal(pageOf(location.pathname));

/** A relative address with the given values only, of the first page or the one named. */
export function linkTo(values: Changes, name = ''): string {
  return `./${name}${asSearch(changed(new URLSearchParams(), values))}`;
}

/** A relative address like the present one but for the given changes; null removes. */
export function linkWith(changes: Changes, name = page.value): string {
  return `./${name}${asSearch(changed(query.value, changes))}`;
}

/** Goes to an address made by `linkTo` or `linkWith`. */
export function go(address: string, how: 'push' | 'replace' = 'push'): void {
  const url = new URL(address, location.href);
  const same = url.pathname === location.pathname && url.searchParams.toString() === query.value.toString();
  if (how === 'push' && same) return;
  if (how === 'push') {
    history.replaceState({ ...history.state, scroll: window.scrollY }, '');
    history.pushState({ depth: depth() + 1 }, '', url.pathname + url.search);
  } else {
    history.replaceState(history.state, '', url.pathname + url.search);
  }
  readAddress();
}

/** True when going back stays inside this UI. */
export function hasHistory(): boolean {
  return depth() > 0;
}

/** Where the reader was scrolled to when this entry of the history was left. */
export function rememberedScroll(): number {
  const scroll: unknown = history.state?.scroll;
  return typeof scroll === 'number' ? scroll : 0;
}

/** Follows back, forward and plain clicks on links to this page. Returns the way to stop. */
export function startRouter(): () => void {
  history.scrollRestoration = 'manual';
  window.addEventListener('popstate', readAddress);
  document.addEventListener('click', onClick);
  return () => {
    window.removeEventListener('popstate', readAddress);
    document.removeEventListener('click', onClick);
  };
}

function onClick(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  const address = link?.getAttribute('href');
  // Only addresses made by this file start like this; anything else is the browser's business.
  if (!link || link.target || !address || !/^\.\/[\w-]*(\?|$)/.test(address)) return;
  event.preventDefault();
  go(address);
}

function readAddress(): void {
  batch(() => {
    page.value = pageOf(location.pathname);
    query.value = new URLSearchParams(location.search);
  });
}

function pageOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function depth(): number {
  const value: unknown = history.state?.depth;
  return typeof value === 'number' ? value : 0;
}

function changed(from: URLSearchParams, changes: Changes): URLSearchParams {
  const next = new URLSearchParams(from);
  for (const [name, value] of Object.entries(changes)) {
    // `set` keeps the name where it stood in the address.
    if (typeof value === 'string' && value !== '') next.set(name, value);
    else next.delete(name);
    if (typeof value === 'object') for (const one of value ?? []) next.append(name, one);
  }
  return next;
}

function asSearch(params: URLSearchParams): string {
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}
