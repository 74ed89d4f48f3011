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

beforeEach(() => {
  relay = fakeRelay();
  clients = [];
});
afterEach(() => {
  vi.useRealTimers();
  for (const client of clients) client.destroy();
});

test('metrics go in one request, counters summed', async () => {
  const client = start({ release: '1.2' });
  client.counter('orders');
  client.counter('orders', 2);
  client.counter('orders', 1, { kind: 'tea' });
  client.histogram('size', 3.5);
  client.gauge('open', 1, { link: '/?sid=1', flag: true });
  client.gauge('nothing', NaN);

  expect(await client.flush()).toBe(true);
  const labels = { page: '/orders/{id}', release: '1.2' };
  expect(relay.requests.length).toBe(1);
  expect(relay.points().map(({ timestamp: _, ...point }) => point)).toEqual([
    { name: 'orders', type: 'counter', value: 3, labels },
    { name: 'orders', type: 'counter', value: 1, labels: { ...labels, kind: 'tea' } },
    { name: 'size', type: 'histogram', value: 3.5, labels },
    { name: 'open', type: 'gauge', value: 1, labels: { ...labels, link: '/?sid=***', flag: true } },
  ]);
});

test('a point that is too long for anybody does not hold up the others', async () => {
  const client = start();
  client.histogram('x'.repeat(1e6), 1, { ['y'.repeat(1e6)]: 'z'.repeat(1e6) });
  client.captureError(new Error('after it'));

  expect(await client.flush()).toBe(true);
  for (const { body } of relay.requests) expect(body.length).toBeLessThan(30_000);
  expect(relay.errors().length).toBe(1);
});

test('metrics wait five seconds or for the tenth', async () => {
  vi.useFakeTimers();
  const client = start();
  client.histogram('size', 1);
  await vi.advanceTimersByTimeAsync(4900);
  expect(relay.requests.length).toBe(0);
  await vi.advanceTimersByTimeAsync(200);
  expect(relay.requests.length).toBe(1);

  for (let size = 0; size < 10; size++) client.histogram('size', size);
  await vi.advanceTimersByTimeAsync(1);
  expect(relay.points().length).toBe(11);
});

test('on a hide what waits goes by beacon', () => {
  const client = start();
  client.histogram('size', 1);
  window.dispatchEvent(new Event('pagehide'));

  expect(relay.requests.map(({ isBeacon, url }) => [isBeacon, url])).toEqual([[true, `https://relay.test/browser-relay/api/browser/metrics?key=${KEY}`]]);
});

test('a relay that is away for ten minutes gets all that fits, each once, and flush tells the truth', async () => {
  vi.useFakeTimers();
  const client = start();
  relay.answer = () => Promise.reject(new TypeError('Failed to fetch'));
  client.captureError(new Error('first'));
  for (let size = 0; size < 500; size++) client.histogram('size', size);
  await vi.advanceTimersByTimeAsync(0);
  expect(await client.flush()).toBe(false);
  await vi.advanceTimersByTimeAsync(600_000);
  expect(relay.requests.length).toBeLessThan(30);

  relay.requests.length = 0;
  relay.answer = () => new Response('{}', { status: 202 });
  await vi.advanceTimersByTimeAsync(61_000);
  expect(relay.errors().map(({ message }) => message)).toEqual(['first']);
  expect(new Set(relay.points().map(({ value }) => value)).size).toBe(200);
  expect(relay.points().length).toBe(200);
  expect(await client.flush()).toBe(true);
});

test('a second attempt does not need the room that all scripts share for the end of the page', async () => {
  vi.useFakeTimers();
  const client = start();
  relay.answer = () => Promise.reject(new TypeError('Failed to fetch'));
  client.captureError(new Error('x'));
  await vi.advanceTimersByTimeAsync(1000);

  expect(relay.requests.map(({ init }) => init!.keepalive)).toEqual([true, false]);
});

test('a relay that asks for time gets it', async () => {
  vi.useFakeTimers();
  const client = start();
  relay.answer = () => new Response('', { status: 429, headers: { 'Retry-After': '30' } });
  client.captureError(new Error('x'));
  await vi.advanceTimersByTimeAsync(29_000);
  expect(relay.requests.length).toBe(1);

  relay.answer = () => new Response('{}', { status: 200 });
  await vi.advanceTimersByTimeAsync(2000);
  expect(relay.requests.length).toBe(2);
  expect(await client.flush()).toBe(true);
});

test('what the relay refuses is not sent again, and flush says so', async () => {
  const client = start();
  relay.answer = () => new Response('', { status: 401 });
  client.captureError(new Error('x'));

  expect(await client.flush()).toBe(false);
  expect(relay.requests.length).toBe(1);
});

test('a relay that never answers holds nothing up for ever', async () => {
  const limit = new AbortController();
  const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(limit.signal);
  const client = start();
  relay.answer = () => new Promise((_, reject) => limit.signal.addEventListener('abort', () => reject(new Error('no answer'))));
  client.captureError(new Error('x'));
  const flushed = client.flush();
  expect(timeout).toHaveBeenCalledWith(30_000);
  expect(relay.requests[0]!.init!.signal).toBe(limit.signal);
  limit.abort();

  expect(await flushed).toBe(false);
});

test('while the relay is away fifty reports wait, and flush says that others were lost', async () => {
  vi.useFakeTimers();
  const client = start();
  const reply = relay.answer;
  relay.answer = () => Promise.reject(new TypeError('Failed to fetch'));
  for (let time = 0; time < 40; time++) for (const _ of [1, 2]) client.captureError('error ' + time);
  expect(await client.flush()).toBe(false);
  relay.requests.length = 0;
  relay.answer = reply;
  const flushed = client.flush();
  await vi.advanceTimersByTimeAsync(10_000);

  expect(relay.errors().length).toBe(50);
  expect(await flushed).toBe(false);
});
