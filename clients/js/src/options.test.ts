import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { KEY } from './testing/fake-relay.ts';

let settingsOf: typeof import('./options.ts').settingsOf;

beforeEach(async () => {
  vi.resetModules();
  ({ settingsOf } = await import('./options.ts'));
});
afterEach(() => vi.restoreAllMocks());

test.each([
  [{ dsn: `https://${KEY}@x.io/browser-relay` }, 'https://x.io/browser-relay'],
  [{ dsn: `https://${KEY}@x.io` }, 'https://x.io'],
  [{ dsn: ` HTTPS://${KEY}@x.io` }, 'https://x.io'],
  [{ dsn: `http://${KEY}@x.io:8080/a/b/?x=1#y` }, 'http://x.io:8080/a/b'],
  [{ dsn: KEY, endpoint: 'https://y.io/relay/' }, 'https://y.io/relay'],
  [{ dsn: `https://${KEY}@x.io/a`, endpoint: 'https://y.io' }, 'https://y.io'],
])('%j is the relay at %s', (options, base) => {
  expect(settingsOf(options)).toMatchObject({ _base: base, _key: KEY });
});

test('an endpoint may be a path of the page itself', () => {
  expect(settingsOf({ dsn: KEY, endpoint: '/relay' })?._base).toBe('https://shop.test/relay');
});

test('bad DSNs are one warning, and never an exception', () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const bad: unknown[] = [undefined, null, {}, { dsn: '' }, { dsn: KEY }, { dsn: 'https://x.io' }, { dsn: `https://${KEY}` }, { dsn: `https://${KEY}:8080/x` }, { dsn: 'https://short@x.io' }, { dsn: `ftp://${KEY}@x.io` }, { dsn: 7 }];

  expect(bad.map((options) => settingsOf(options as never))).toEqual(bad.map(() => undefined));
  expect(warn).toHaveBeenCalledTimes(1);
});
