import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Monlight } from './client.ts';
import { isForeign, startTrace } from './extras.ts';
import type { Options } from './options.ts';
import { DSN, fakeRelay, type FakeRelay } from './testing/fake-relay.ts';

let relay: FakeRelay;
let client: Monlight | undefined;

const start = (options: Partial<Options> = {}) => (client = new Monlight({ dsn: DSN, vitals: false, ...options }));

beforeEach(() => {
  vi.stubGlobal('EXTRAS', true);
  relay = fakeRelay();
});
afterEach(() => client?.destroy());

test('clicks, routes and requests are told with an error, without texts and secrets', async () => {
  const { captureError, flush } = start();
  document.body.innerHTML = '<button id="pay" class="big red">4111 1111</button>';
  document.querySelector('button')!.click();
  history.pushState({}, '', '/cart?token=abc');
  await fetch('/api/orders/77');
  captureError(new Error('x'));
  await flush();
  history.pushState({}, '', '/orders/4711?token=abc');

  expect(relay.errors()[0]!.breadcrumbs).toMatchObject([
    { category: 'click', message: 'button#pay.big.red' },
    { category: 'navigation', message: 'https://shop.test/cart?token=***' },
    { category: 'request', message: 'GET https://shop.test/api/orders/{id}: 200' },
  ]);
});

test('without breadcrumbs there are those of the page alone', async () => {
  const { addBreadcrumb, captureError, flush } = start({ breadcrumbs: false });
  document.body.click();
  await fetch('/a');
  addBreadcrumb({ message: 'own' });
  captureError(new Error('x'));
  await flush();

  expect(relay.errors()[0]!.breadcrumbs).toMatchObject([{ message: 'own' }]);
});

test('the console is told when it is asked for, and still written', async () => {
  const written = [vi.spyOn(console, 'error').mockImplementation(() => {}), vi.spyOn(console, 'warn').mockImplementation(() => {})];
  const { flush } = start({
    captureConsole: true,
    beforeSend(report) {
      console.error('in beforeSend');
      return report;
    },
  });
  console.error('no', { tea: 1 }, 7);
  console.warn('little tea');
  console.error('failed:', new RangeError('too far'));
  await flush();

  expect(relay.errors().map(({ type, message }) => [type, message])).toEqual([
    ['ConsoleError', 'no {"tea":1} 7'],
    ['ConsoleWarning', 'little tea'],
    ['RangeError', 'too far'],
  ]);
  expect(written.map((one) => one.mock.calls.length)).toEqual([5, 1]);
});

test('a resource that cannot be loaded is an error', async () => {
  const { flush } = start();
  document.body.innerHTML = '<img src="https://cdn.test/tea.png?sig=1">';
  document.querySelector('img')!.dispatchEvent(new Event('error'));
  await flush();

  expect(relay.errors()).toMatchObject([{ type: 'ResourceError', message: 'img https://cdn.test/tea.png?sig=***' }]);
});

test.each([
  [{}, false],
  [{ denyUrls: ['cdn.test'] }, true],
  [{ denyUrls: [/shop/] }, false],
  [{ allowUrls: ['shop.test'] }, true],
  [{ allowUrls: [/cdn/] }, false],
  [{ allowUrls: [/cdn/], denyUrls: ['/a.js'] }, true],
] as [Partial<Options>, boolean][])('with %j an error of a script of cdn.test is foreign: %s', (options, foreign) => {
  expect(isForeign('Error: x\n    at f (https://cdn.test/a.js:1:2)\n    at https://shop.test/b.js:1:2', options as Options)).toBe(foreign);
});

test('an error without a place is nobody else\'s', () => {
  expect(isForeign('', { dsn: '', allowUrls: ['shop'] })).toBe(false);
});

test('a trace goes to the origins that are named, and to no others', () => {
  const { _id, _header } = startTrace(['https://api.test', /^https:\/\/\w+\.shop\.test$/]);

  expect(_id).toMatch(/^[\da-f]{32}$/);
  expect(_header('https://api.test/a')).toMatch(new RegExp(`^00-${_id}-[\\da-f]{16}-01$`));
  expect(_header('https://x.shop.test/a')).not.toBe(_header('https://x.shop.test/a'));
  expect(_header('https://api.test.evil/a')).toBeUndefined();
  expect(_header('/a')).toBeUndefined();
  expect(startTrace(['https://shop.test'])._header('/a')).toBeDefined();
});

test('an error carries the trace of its page load, when requests have one', async () => {
  const { captureError, flush } = start({ propagateTraceTo: ['https://api.test'] });
  const asked = vi.spyOn(Headers.prototype, 'set');
  await fetch('https://api.test/a');
  captureError(new Error('x'));
  await flush();

  const [, header] = asked.mock.calls.find(([name]) => name == 'traceparent')!;
  expect(relay.errors()[0]!.context['trace_id']).toBe(header.split('-')[1]);
});

test('without traces an error has none', async () => {
  const { captureError, flush } = start();
  captureError(new Error('x'));
  await flush();

  expect(relay.errors()[0]!.context).toEqual({ tags: {} });
});

test('taken off, the console and the history are as they were', () => {
  const before = [console.error, console.warn, history.pushState, history.replaceState];
  start({ captureConsole: true });
  expect(console.error).not.toBe(before[0]);
  client!.destroy();

  expect([console.error, console.warn, history.pushState, history.replaceState]).toEqual(before);
});

test('the core has none of it', async () => {
  vi.stubGlobal('EXTRAS', false);
  const before = console.error;
  const { captureError, flush } = start({ captureConsole: true });
  document.body.click();
  captureError(new Error('x'));
  await flush();

  expect(console.error).toBe(before);
  expect(relay.errors()[0]!.breadcrumbs).toEqual([]);
});
