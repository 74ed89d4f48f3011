// All state of a page lives in the query string of one path.
//
// So a link shows a colleague the same thing, back and forward work, and a reverse proxy may put
// the UI under any prefix: every address here is relative.
import { signal } from '@preact/signals';

/** New values by name: null removes, several stand in the address one after the other. */
export type Changes = Record<string, string | readonly string[] | null | undefined>;

/** What the address bar says now. Replaced as a whole, never changed in place. */
export const query = signal(new URLSearchParams(location.search));

/** A relative address with the given values only. */
export function linkTo(values: Changes): string {
  return `./${asSearch(changed(new URLSearchParams(), values))}`;
}

/** A relative address like the present one but for the given changes; null removes. */
export function linkWith(changes: Changes): string {
  return `./${asSearch(changed(query.value, changes))}`;
}

/** Goes to an address made by `linkTo` or `linkWith`. */
export function go(address: string, how: 'push' | 'replace' = 'push'): void {
  const url = new URL(address, location.href);
  if (how === 'push' && url.searchParams.toString() === query.value.toString()) return;
  if (how === 'push') {
    history.replaceState({ ...history.state, scroll: window.scrollY }, '');
    history.pushState({ depth: depth() + 1 }, '', url.search || url.pathname);
  } else {
    history.replaceState(history.state, '', url.search || url.pathname);
  }
  query.value = new URLSearchParams(url.search);
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
  const onPop = () => {
    query.value = new URLSearchParams(location.search);
  };
  window.addEventListener('popstate', onPop);
  document.addEventListener('click', onClick);
  return () => {
    window.removeEventListener('popstate', onPop);
    document.removeEventListener('click', onClick);
  };
}

function onClick(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  const address = link?.getAttribute('href');
  // Only addresses made by this file start like this; anything else is the browser's business.
  if (!link || link.target || !address || !/^\.\/(\?|$)/.test(address)) return;
  event.preventDefault();
  go(address);
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
