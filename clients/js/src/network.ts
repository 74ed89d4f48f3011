// Measures the page's requests and leaves them as they are.
import { attempt } from './attempt.ts';
import type { Trace } from './extras.ts';
import type { Attached } from './listen.ts';
import { pageOf } from './page.ts';
import { isOwn } from './running.ts';

/** `address` is without what differs each time; `status` is a number, `error` or `aborted`. */
export type RequestSeen = (method: string, host: string, address: string, status: string | number, durationMs: number) => void;

/** Whether this is the full build. */
declare const EXTRAS: boolean;
const TRACE = 'traceparent';

export function watchNetwork(attached: Attached, seen: RequestSeen, trace?: Trace): void {
  /** Returns what is to be called with the outcome. */
  const begin = (method: unknown, target: unknown): ((status: string | number) => void) | undefined => {
    const { protocol, host, origin, pathname } = new URL(target as string, document.baseURI);
    if (!/^http/.test(protocol) || isOwn(origin + pathname)) return;
    const started = performance.now();
    const name = String(method || 'GET').toUpperCase();
    return (status) => void attempt(() => seen(name, host, origin + pageOf(pathname), status, performance.now() - started));
  };

  // The page gets the very promise of a library that has replaced `fetch`: it may be no plain one. That of the browser nobody
  // else can hold, so one that follows it is the same to the page, and still shows a rejection which nobody handles.
  const isNative = /native code/.test(window.fetch as never);
  attached._wrap(window, 'fetch', (go, _, all) => {
    const [input, init] = all;
    const end = attempt(() => begin(init?.method || input.method, input.url || input));
    if (EXTRAS && trace) {
      attempt(() => {
        const header = trace._header(input.url || input);
        const headers = new Headers(init?.headers || input.headers);
        if (!header || headers.has(TRACE)) return;
        headers.set(TRACE, header);
        all[1] = { ...init, headers };
      });
    }
    const promise = go();
    if (!end || !(promise instanceof Promise)) return promise;
    const followed = promise.then(
      (response) => {
        end(response.status);
        return response;
      },
      (error) => {
        // The reason of an abort is the page's own, so it does not tell.
        end(attempt(() => (init?.signal || input.signal).aborted) ? 'aborted' : 'error');
        if (isNative) throw error;
      },
    );
    return isNative ? followed : promise;
  });

  const opened = new WeakMap<XMLHttpRequest, unknown[]>();
  const requests = XMLHttpRequest.prototype;
  attached._wrap(requests, 'open', (go, self, all) => {
    attempt(() => opened.set(self, all));
    return go();
  });
  const hasTrace = EXTRAS ? new WeakSet<XMLHttpRequest>() : undefined;
  if (EXTRAS && trace) {
    attached._wrap(requests, 'setRequestHeader', (go, self, [name]) => {
      attempt(() => name.toLowerCase() == TRACE && hasTrace?.add(self));
      return go();
    });
  }
  attached._wrap(requests, 'send', (go, self: XMLHttpRequest) => {
    attempt(() => {
      const [method, target] = opened.get(self)!;
      if (EXTRAS && trace) {
        const header = trace._header(target);
        // A second one would be appended to the first.
        if (header && !hasTrace?.has(self)) self.setRequestHeader(TRACE, header);
        hasTrace?.delete(self);
      }
      const end = begin(method, target);
      if (!end) return;
      let outcome = '';
      const abort = () => (outcome = 'aborted');
      self.addEventListener('abort', abort);
      self.addEventListener(
        'loadend',
        () => {
          self.removeEventListener('abort', abort);
          end(outcome || self.status || 'error');
        },
        { once: true },
      );
    });
    return go();
  });
}
