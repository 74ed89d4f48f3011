// Measures the page's requests and leaves them as they are.
import { attempt } from './attempt.ts';
import type { Attached } from './listen.ts';
import { pageOf } from './page.ts';
import { isOwn } from './running.ts';

/** `address` is without what differs each time; `status` is a number, `error` or `aborted`. */
export type RequestSeen = (method: string, host: string, address: string, status: string | number, durationMs: number) => void;

export function watchNetwork(attached: Attached, seen: RequestSeen): void {
  /** Returns what is to be called with the outcome. */
  const begin = (method: unknown, target: unknown): ((status: string | number) => void) | undefined => {
    const { protocol, host, origin, pathname } = new URL(target as string, document.baseURI);
    if (!/^http/.test(protocol) || isOwn(origin + pathname)) return;
    const started = performance.now();
    const name = String(method || 'GET').toUpperCase();
    return (status) => void attempt(() => seen(name, host, origin + pageOf(pathname), status, performance.now() - started));
  };

  attached._wrap(window, 'fetch', (go, _, [input, init]) => {
    const end = attempt(() => begin((init && init.method) || input.method, input.url || input));
    const promise = go();
    if (!end || !(promise instanceof Promise)) return promise;
    // A promise that follows the page's: a handler on that one would hide a rejection which nobody handles.
    return promise.then(
      (response) => {
        end(response.status);
        return response;
      },
      (error) => {
        end(attempt(() => error.name) == 'AbortError' ? 'aborted' : 'error');
        throw error;
      },
    );
  });

  const opened = new WeakMap<XMLHttpRequest, unknown[]>();
  const requests = XMLHttpRequest.prototype;
  attached._wrap(requests, 'open', (go, self, all) => {
    attempt(() => opened.set(self, all));
    return go();
  });
  attached._wrap(requests, 'send', (go, self: XMLHttpRequest) => {
    attempt(() => {
      const [method, target] = opened.get(self)!;
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
