import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Monlight } from './client.ts';
import type { Options } from './options.ts';
import { DSN, fakeRelay, KEY, type FakeRelay } from './testing/fake-relay.ts';

let relay: FakeRelay;
let clients: Monlight[];

const start = (options: Partial<Options> = {}) => {
  const client = new Monlight({ dsn: DSN, vitals: false, ...options });
  clients.push(client);
  return client;
};
const fail = (error: unknown, more: ErrorEventInit = {}) => window.dispatchEvent(new ErrorEvent('error', { error, message: 'Uncaught', ...more }));

beforeEach(() => {
  relay = fakeRelay();
  clients = [];
});
afterEach(() => {
  vi.useRealTimers();
  for (const client of clients) client.destroy();
});

test('an error is told at once, with all that is known of it', async () => {
  const client = start({ release: '1.2', environment: 'test' });
  client.setUser(7);
  client.setTag('shop', 'tea');
  client.addContext('cart', { items: 2 });
  client.addBreadcrumb({ message: 'paid' });
  fail(new TypeError('no such thing'));
  await client.flush();

  expect(relay.requests[0]!.url).toBe(`https://relay.test/browser-relay/api/browser/errors?key=${KEY}`);
  expect(relay.requests[0]!.init).toMatchObject({ method: 'POST', keepalive: true, credentials: 'omit' });
  expect(relay.errors()).toEqual([
    {
      type: 'TypeError',
      message: 'no such thing',
      stack: expect.stringContaining('client.test.ts'),
      url: 'https://shop.test/orders/4711?token=***',
      user_agent: navigator.userAgent,
      session_id: expect.stringMatching(/^[\da-f-]{36}$/),
      release: '1.2',
      environment: 'test',
      timestamp: expect.any(Number),
      event_id: expect.stringMatching(/^[\da-f-]{36}$/),
      context: { user_id: 7, tags: { shop: 'tea' }, cart: { items: 2 } },
      breadcrumbs: [{ timestamp: expect.any(Number), message: 'paid' }],
    },
  ]);
});

test('a thrown text has the place where it was thrown', async () => {
  const client = start();
  fail(null, { message: 'Uncaught tea', filename: 'https://shop.test/a.js', lineno: 3, colno: 9 });
  await client.flush();

  expect(relay.errors()).toMatchObject([{ type: 'Error', message: 'Uncaught tea', stack: '    at https://shop.test/a.js:3:9' }]);
});

test('a rejection that nobody handles is told', async () => {
  const client = start();
  const event = Object.assign(new Event('unhandledrejection'), { reason: new RangeError('too far') });
  window.dispatchEvent(event);
  await client.flush();

  expect(relay.errors()).toMatchObject([{ type: 'RangeError', message: 'too far' }]);
});

test('captured errors and messages begin in the code of the page', async () => {
  const client = start();
  const { captureError } = client;
  captureError('only text', { step: 2 });
  client.captureMessage('hello', 'warning');
  await client.flush();

  const [error, message] = relay.errors();
  expect(error).toMatchObject({ message: 'only text', context: { step: 2 } });
  expect(message).toMatchObject({ type: 'Message', message: 'hello', context: { level: 'warning' } });
  for (const { stack } of [error!, message!]) {
    expect(stack.split('\n').find((line) => / at /.test(line))).toContain('client.test.ts');
  }
});

test('ten thousand of the same error in a second are two reports', async () => {
  vi.useFakeTimers();
  const client = start();
  const error = new Error('again');
  for (let time = 0; time < 10_000; time++) fail(error);
  await vi.advanceTimersByTimeAsync(60_000);
  vi.useRealTimers();
  await client.flush();

  expect(relay.errors().map(({ context }) => context['repeated'])).toEqual([undefined, 9999]);
  expect(new Set(relay.errors().map(({ event_id }) => event_id)).size).toBe(2);
});

test('ten thousand different errors are fifty reports, and flush says that some are missing', async () => {
  const client = start();
  for (let time = 0; time < 10_000; time++) client.captureError(new Error('error ' + time));

  expect(await client.flush()).toBe(false);
  expect(relay.errors().length).toBe(50);
  expect(await client.flush()).toBe(true);
});

test('a page load sends fifty different errors, however slowly they come', async () => {
  const client = start();
  for (let time = 0; time < 60; time++) {
    client.captureError(new Error('error ' + time));
    expect(await client.flush()).toBe(time < 50);
  }

  expect(relay.errors().length).toBe(50);
});

test('noise and what the page ignores is not sent', async () => {
  const client = start({ ignoreErrors: ['tea', /^RangeError: .*far/g] });
  fail(null, { message: 'Script error.' });
  fail(new Error('ResizeObserver loop completed with undelivered notifications.'));
  fail(Object.assign(new Error('x'), { stack: 'Error: x\n    at chrome-extension://abc/a.js:1:1' }));
  fail(new Error('no tea'));
  fail(new Error('Script error for "cart"'));
  fail(new RangeError('too far'));
  fail(new RangeError('also far'));
  fail(new Error('coffee'));
  await client.flush();

  expect(relay.errors().map(({ message }) => message)).toEqual(['Script error for "cart"', 'coffee']);
});

test('beforeSend changes and drops, and what it adds is scrubbed', async () => {
  const client = start({
    beforeSend: (report) => (report.message == 'drop' ? null : { ...report, context: { link: 'https://x.io/?token=abc' } }),
  });
  client.captureError(new Error('drop'));
  client.captureError(new Error('keep'));
  await client.flush();

  expect(relay.errors()).toMatchObject([{ message: 'keep', context: { link: 'https://x.io/?token=***' } }]);
});

test('when beforeSend throws, the error is sent as it was', async () => {
  const client = start({
    beforeSend(report) {
      report.message = 'changed';
      throw new Error('in beforeSend');
    },
  });
  client.captureError(new Error('kept'));
  await client.flush();

  expect(relay.errors().map(({ message }) => message)).toEqual(['kept']);
});

test('a share of the errors can be sent', async () => {
  const client = start({ errorSampleRate: 0 });
  client.captureError(new Error('x'));
  await client.flush();

  expect(relay.errors()).toEqual([]);
});

test('a session that is not in the sample has no vitals and no requests, but errors and metrics of the page', async () => {
  vi.stubGlobal('fetch', vi.fn(window.fetch).mockImplementationOnce(async () => new Response('', { status: 503 })));
  const client = start({ sampleRate: 0, vitals: true });
  await fetch('/orders');
  client.counter('orders');
  await client.flush();
  window.dispatchEvent(new Event('pagehide'));

  expect(relay.errors()).toMatchObject([{ type: 'NetworkError', message: 'GET https://shop.test/orders: 503' }]);
  expect(relay.points().map(({ name }) => name)).toEqual(['orders']);
});

test('the debug ids of the scripts in the stack go with the error', async () => {
  vi.stubGlobal('_sentryDebugIds', {
    'Error\n    at https://shop.test/a.js:1:99': 'id-a',
    'Error\n    at f (https://shop.test/b.js:1:99)': 'id-b',
  });
  const client = start();
  fail(Object.assign(new Error('x'), { stack: 'Error: x\n    at g (https://shop.test/b.js:7:1)' }));
  await client.flush();

  expect(relay.errors()[0]!.debug_meta).toEqual({ images: [{ code_file: 'https://shop.test/b.js', debug_id: 'id-b' }] });
});

test('a report is below the limits of the relay and of keepalive, whatever is in it', async () => {
  const client = start();
  client.addContext('large', { text: '€'.repeat(1e6), list: Array.from({ length: 5000 }, (_, at) => '€'.repeat(at % 90)) });
  for (let crumb = 0; crumb < 100; crumb++) client.addBreadcrumb({ message: '€'.repeat(10_000) });
  client.captureError(Object.assign(new Error('€'.repeat(1e5)), { stack: '€'.repeat(1e6) }));
  for (let point = 0; point < 150; point++) client.histogram('€'.repeat(500), point, { ['€'.repeat(900)]: '€'.repeat(900) });
  await client.flush();

  expect(relay.errors().length).toBe(1);
  for (const { body } of relay.requests) expect(new TextEncoder().encode(body).length).toBeLessThan(60_000);
  expect(relay.points().length).toBe(150);
});

test('nothing that the page hands over can make a call throw', async () => {
  const client = start();
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  const bad = {
    toString() {
      throw new Error('toString');
    },
    get message(): string {
      throw new Error('message');
    },
  };

  client.captureError(bad as never, circle);
  client.captureMessage(bad as never, bad as never);
  client.addBreadcrumb(bad as never);
  client.addContext('x', bad);
  client.setTag(bad as never, 'x');
  client.counter(bad as never, 1, { x: bad as never });
  client.histogram(Symbol('x') as never, 'x' as never);
  client.captureError(new Error('still alive'));
  expect(await client.flush()).toBe(true);
  expect(relay.errors().map(({ message }) => message)).toContain('still alive');
});

test('an event that throws when it is read does not reach the page as an error', () => {
  start();
  const thrown = vi.spyOn(console, 'error').mockImplementation(() => {});
  const event = Object.defineProperty(new ErrorEvent('error'), 'message', {
    get() {
      throw new Error('message');
    },
  });

  expect(() => window.dispatchEvent(event)).not.toThrow();
  expect(thrown).not.toHaveBeenCalled();
});

test('two clients tell each their own, and neither watches the other', async () => {
  const client = start();
  const other = start({ dsn: DSN.replace('browser-relay', 'other') });
  fail(new Error('x'));
  await Promise.all([client.flush(), other.flush()]);
  await Promise.all([client.flush(), other.flush()]);

  expect(relay.requests.map(({ url }) => new URL(url).pathname).sort()).toEqual(['/browser-relay/api/browser/errors', '/other/api/browser/errors']);
});

test('the same client a second time tells nothing twice, and can be used', async () => {
  const client = start();
  const again = start();
  fail(new Error('x'));
  await fetch('/a');
  again.captureError(new Error('y'));
  await Promise.all([client.flush(), again.flush()]);

  expect(relay.errors().map(({ message }) => message).sort()).toEqual(['x', 'y']);
  expect(relay.points().map(({ name, value }) => [name, value])[0]).toEqual(['browser_http_requests_total', 1]);
});

test('after destroy the same client can be made again', async () => {
  start().destroy();
  const again = start();
  fail(new Error('x'));
  await again.flush();

  expect(relay.errors().length).toBe(1);
});

test('a client that is off does nothing', async () => {
  const before = window.fetch;
  const client = start({ enabled: false });
  fail(new Error('x'));
  client.captureError(new Error('y'));

  expect(await client.flush()).toBe(false);
  expect(relay.requests).toEqual([]);
  expect(window.fetch).toBe(before);
});

test('after destroy nothing is heard or sent', async () => {
  const client = start();
  client.destroy();
  client.destroy();
  fail(new Error('x'));
  client.captureError(new Error('y'));
  client.counter('z');

  expect(await client.flush()).toBe(false);
  expect(relay.requests).toEqual([]);
});

test('taken off at once, vitals do not begin', async () => {
  vi.useFakeTimers();
  const asked = vi.spyOn(performance, 'getEntriesByType');
  start({ vitals: true }).destroy();
  await vi.advanceTimersByTimeAsync(1000);
  expect(asked).not.toHaveBeenCalled();

  start({ vitals: true });
  await vi.advanceTimersByTimeAsync(1000);
  expect(asked).toHaveBeenCalledWith('navigation');
});

test('when all is well the console is empty', async () => {
  const said = (['log', 'info', 'debug', 'warn', 'error'] as const).map((level) => vi.spyOn(console, level));
  const client = start({ vitals: true });
  fail(new Error('x'));
  client.counter('y');
  await client.flush();
  client.destroy();

  for (const level of said) expect(level).not.toHaveBeenCalled();
});

test('without PerformanceObserver, storage or beacons errors still arrive', async () => {
  vi.stubGlobal('PerformanceObserver', undefined);
  vi.stubGlobal('sessionStorage', undefined);
  Object.assign(navigator, { sendBeacon: undefined });
  const client = start({ vitals: true });
  fail(new Error('x'));
  window.dispatchEvent(new Event('pagehide'));

  expect(await client.flush()).toBe(true);
  expect(relay.errors().length).toBe(1);
});
