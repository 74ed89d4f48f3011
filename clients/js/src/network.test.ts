import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { attached, type Attached } from './listen.ts';
import { watchNetwork } from './network.ts';
import { run } from './running.ts';

let onPage: Attached;
let seen: [string, string, string, string | number][];
let answer: (...all: unknown[]) => unknown;
let native: typeof fetch;

const watch = () => watchNetwork(onPage, (method, host, address, status) => seen.push([method, host, address, status]));

beforeEach(() => {
  onPage = attached();
  seen = [];
  answer = async () => new Response('', { status: 201 });
  native = function fetch(this: unknown, input: unknown, init?: unknown) {
    return answer.call(this, input, init) as Promise<Response>;
  } as typeof fetch;
  vi.stubGlobal('fetch', native);
});
afterEach(() => onPage._detach());

test('requests are seen with method, host and outcome', async () => {
  watch();
  await fetch('/orders/77?token=1', { method: 'post' });
  await fetch(new URL('https://api.test/x'));
  await fetch(new Request('https://api.test/y', { method: 'PUT' }));

  expect(seen).toEqual([
    ['POST', 'shop.test', 'https://shop.test/orders/{id}', 201],
    ['GET', 'api.test', 'https://api.test/x', 201],
    ['PUT', 'api.test', 'https://api.test/y', 201],
  ]);
});

test('the relay itself is not watched, a sibling of it is', async () => {
  const end = run({ dsn: '', _base: 'https://relay.test/relay', _key: 'k' })!;
  watch();
  await fetch('https://relay.test/relay/api/browser/errors?key=1');
  await fetch('https://relay.test/relay/api/browser-like');
  await fetch('https://relay.test.evil/relay/api/browser/errors');
  await fetch('data:text/plain,x');

  expect(seen.map(([, host]) => host)).toEqual(['relay.test', 'relay.test.evil']);
  end();
});

test('the page gets its own response, its own error and its own this', async () => {
  const response = new Response('x');
  const error = new TypeError('Failed to fetch');
  watch();

  answer = () => Promise.resolve(response);
  expect(await fetch('/a')).toBe(response);
  expect(response.bodyUsed).toBe(false);
  answer = () => Promise.reject(error);
  await expect(fetch('/a')).rejects.toBe(error);
  answer = function (this: unknown) {
    return this as never;
  };
  const self = {};
  expect(fetch.call(self as never, '/a')).toBe(self);
  answer = () => {
    throw error;
  };
  expect(() => fetch('/a')).toThrow(error);
});

test('of a library that has replaced fetch the page gets the very promise, with what it has of its own', async () => {
  const promise = Object.assign(Promise.resolve(new Response('x')), { cancel: () => 'cancelled' });
  answer = () => promise;
  watch();

  expect(fetch('/a')).toBe(promise);
  await promise;
  expect(seen.length).toBe(1);
  const rejected = Promise.reject(new TypeError('Failed to fetch'));
  answer = () => rejected;
  expect(fetch('/a')).toBe(rejected);
  await expect(rejected).rejects.toThrow('Failed to fetch');
  expect(seen.length).toBe(2);
});

test('an abort is no failure', async () => {
  watch();
  const controller = new AbortController();
  const reason = new Error('no longer wanted');
  controller.abort(reason);
  answer = () => Promise.reject(reason);
  await expect(fetch('/a', { signal: controller.signal })).rejects.toBe(reason);
  await expect(fetch(new Request('https://shop.test/a', { signal: controller.signal }))).rejects.toBe(reason);
  await expect(fetch('/a', { signal: new AbortController().signal })).rejects.toBe(reason);

  expect(seen.map(([, , , status]) => status)).toEqual(['aborted', 'aborted', 'error']);
});

test('fetch keeps its name, its length and its text', () => {
  const text = Function.prototype.toString.call(Math.max);
  watch();

  expect(fetch.name).toBe('fetch');
  expect(fetch.length).toBe(native.length);
  expect(Function.prototype.toString.call(fetch)).toMatch(/native code/);
  expect(text).toMatch(/native code/);
});

test('a request whose address cannot be read is the business of the page', async () => {
  watch();
  answer = async () => 'fine';
  const bad = {
    get url() {
      throw new Error('no');
    },
  };

  expect(await fetch(bad as never)).toBe('fine');
});

test('a frozen fetch stays', async () => {
  const frozen = vi.fn(native);
  Object.defineProperty(window, 'fetch', { value: frozen, writable: false, configurable: true });
  watch();

  expect(window.fetch).toBe(frozen);
  onPage._detach();
  expect(window.fetch).toBe(frozen);
});

test('taken off last, all is as it was', () => {
  const { open, send } = XMLHttpRequest.prototype;
  watch();
  expect(window.fetch).not.toBe(native);
  onPage._detach();

  expect(window.fetch).toBe(native);
  expect(XMLHttpRequest.prototype.open).toBe(open);
  expect(XMLHttpRequest.prototype.send).toBe(send);
});

test('with another patcher around ours, ours only calls through', async () => {
  watch();
  const ours = window.fetch;
  const theirs = ((...all: Parameters<typeof fetch>) => ours(...all)) as typeof fetch;
  window.fetch = theirs;
  onPage._detach();

  expect(window.fetch).toBe(theirs);
  await fetch('/a');
  expect(seen).toEqual([]);
});

test('with another patcher around our XMLHttpRequest, it stays, and ours only calls through', () => {
  const native = vi.spyOn(XMLHttpRequest.prototype, 'send').mockImplementation(() => {});
  const { open } = XMLHttpRequest.prototype;
  watch();
  const ours = XMLHttpRequest.prototype.send;
  const theirs = vi.fn(function (this: XMLHttpRequest) {
    return ours.call(this);
  });
  XMLHttpRequest.prototype.send = theirs;
  onPage._detach();
  expect(XMLHttpRequest.prototype.send).toBe(theirs);
  expect(XMLHttpRequest.prototype.open).toBe(open);

  const request = new XMLHttpRequest();
  request.open('GET', 'https://shop.test/a');
  request.send();
  request.dispatchEvent(new Event('loadend'));
  expect(theirs).toHaveBeenCalledTimes(1);
  expect(native).toHaveBeenCalledTimes(1);
  expect(seen).toEqual([]);
});

test('with another patcher below ours that puts back its own, ours does not come back', () => {
  window.fetch = ((...all: Parameters<typeof fetch>) => native(...all)) as typeof fetch;
  watch();
  window.fetch = native;
  onPage._detach();

  expect(window.fetch).toBe(native);
});

test('two around each other can be taken off in any order', async () => {
  const other = attached();
  watch();
  watchNetwork(other, () => seen.push(['other', '', '', 0]));
  await fetch('/a');
  expect(seen.map(([method]) => method).sort()).toEqual(['GET', 'other']);

  onPage._detach();
  other._detach();
  await fetch('/a');
  expect(seen.length).toBe(2);
});
