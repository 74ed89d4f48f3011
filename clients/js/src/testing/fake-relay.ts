// A relay that is a function: it remembers what is sent to it, by `fetch` or by beacon.
import { vi } from 'vitest';

import type { ErrorReport } from '../report.ts';
import type { Point } from '../transport.ts';

export const KEY = '0123456789abcdef0123456789abcdef';
export const DSN = `https://${KEY}@relay.test/browser-relay`;

export interface FakeRelay {
  readonly requests: { url: string; body: string; isBeacon: boolean; init?: RequestInit }[];
  /** What the next requests are answered with; a function may throw, as when nobody answers. */
  answer: () => Response | Promise<Response>;
  errors(): ErrorReport[];
  points(): Point[];
}

export function fakeRelay(): FakeRelay {
  const bodies = (path: string) => relay.requests.filter(({ url }) => url.includes(path)).map(({ body }) => JSON.parse(body));
  const relay: FakeRelay = {
    requests: [],
    answer: () => new Response('{}', { status: 202 }),
    errors: () => bodies('/errors'),
    points: () => bodies('/metrics').flatMap(({ metrics }) => metrics),
  };
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    if (!String(url).startsWith('https://relay.test/')) return new Response('page');
    relay.requests.push({ url, body: String(init.body), isBeacon: false, init });
    return relay.answer();
  });
  navigator.sendBeacon = (url, body) => {
    relay.requests.push({ url: String(url), body: String(body), isBeacon: true });
    return true;
  };
  return relay;
}
