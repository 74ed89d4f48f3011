// What only the full build has: breadcrumbs by themselves, the console, resources that fail, and whose errors count.
import { attempt } from './attempt.ts';
import type { Attached } from './listen.ts';
import { matches } from './noise.ts';
import type { Options, Pattern } from './options.ts';
import { describe, stackOfCaller, type Described } from './report.ts';

export type Crumb = (category: string, message: string) => void;

export function watchMore(onPage: Attached, options: Options, capture: (read: () => Described) => void, crumb: Crumb): void {
  if (options.breadcrumbs !== false) {
    onPage._listen(window, 'click', ({ target }: MouseEvent) => crumb('click', nameOf(target as Element)));
    const moved = () => crumb('navigation', location.href);
    onPage._listen(window, 'popstate', moved);
    for (const name of ['pushState', 'replaceState']) {
      onPage._wrap(history, name, (go) => {
        const result = go();
        attempt(moved);
        return result;
      });
    }
  }
  onPage._listen(window, 'error', ({ target }) => {
    const address = target.src || target.href;
    if (typeof address == 'string' && target.tagName) {
      capture(() => ({ type: 'ResourceError', message: `${target.tagName.toLowerCase()} ${address}`, stack: '' }));
    }
  });
  if (options.captureConsole) {
    let isInside = false;
    for (const level of ['error', 'warn']) {
      onPage._wrap(console, level, (go, _, all) => {
        // What is written while it is told, by `beforeSend` for one, would be told for ever.
        if (!isInside) {
          isInside = true;
          capture(() => told(level, all));
          isInside = false;
        }
        return go();
      });
    }
  }
}

/** Whether an error belongs to somebody else, by the script at the top of its stack. */
export function isForeign(stack: string, { allowUrls, denyUrls }: Options): boolean {
  const script = /\w+:\/\/[^\s)]+/.exec(stack)?.[0];
  return !!script && (matches(script, denyUrls) || !(matches(script, allowUrls) || !allowUrls));
}

/** What ties the requests of a page load to what they set off in servers, and its errors to both. */
export interface Trace {
  readonly _id: string;
  /** The header of a request, for the origins that may have it. */
  _header(target: unknown): string | undefined;
}

export function startTrace(origins: Pattern[]): Trace {
  const hex = (bytes: number) => [...crypto.getRandomValues(new Uint8Array(bytes))].map((byte) => (byte + 256).toString(16).slice(1)).join('');
  const _id = hex(16);
  return {
    _id,
    _header(target) {
      const { origin } = new URL(target as string, document.baseURI);
      if (origins.some((one) => (typeof one == 'string' ? one == origin : origin.search(one) >= 0))) return `00-${_id}-${hex(8)}-01`;
    },
  };
}

function told(level: string, all: unknown[]): Described {
  const error = all.find((one) => one instanceof Error);
  if (error) return describe(error, 'Error');
  const message = all.map((one) => describe(one, '').message).join(' ');
  return { type: level == 'warn' ? 'ConsoleWarning' : 'ConsoleError', message, stack: stackOfCaller() };
}

/** Without a text: that may be anybody's. */
function nameOf({ tagName, id, classList }: Element): string {
  return tagName.toLowerCase() + (id && '#' + id) + [...classList].map((name) => '.' + name).join('');
}
