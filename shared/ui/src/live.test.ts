import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { ApiError } from './api.ts';
import { createPoller, liveFault } from './live.ts';

let visibility: DocumentVisibilityState = 'visible';

beforeEach(() => {
  vi.useFakeTimers();
  visibility = 'visible';
  vi.spyOn(document, 'visibilityState', 'get').mockImplementation(() => visibility);
});
afterEach(() => vi.useRealTimers());

function look(state: DocumentVisibilityState) {
  visibility = state;
  document.dispatchEvent(new Event('visibilitychange'));
}

test('asks at its interval until it is stopped', async () => {
  const run = vi.fn(async () => {});
  const poller = createPoller(run, 10_000);

  poller.start();
  await vi.advanceTimersByTimeAsync(30_000);
  poller.stop();
  await vi.advanceTimersByTimeAsync(60_000);

  expect(run).toHaveBeenCalledTimes(3);
});

test('a hidden page asks for nothing, and at once when it is seen again', async () => {
  const run = vi.fn(async () => {});
  const poller = createPoller(run, 10_000);
  poller.start();

  look('hidden');
  await vi.advanceTimersByTimeAsync(120_000);
  expect(run).not.toHaveBeenCalled();
  look('visible');

  expect(run).toHaveBeenCalledTimes(1);
  poller.stop();
});

test('failures are said and make it ask less often', async () => {
  const run = vi.fn(async () => Promise.reject(new Error('down')));
  const poller = createPoller(run, 10_000);
  poller.start();

  await vi.advanceTimersByTimeAsync(29_999);
  expect(run).toHaveBeenCalledTimes(1);
  expect(liveFault.value).toBe('down');
  await vi.advanceTimersByTimeAsync(1);

  expect(run).toHaveBeenCalledTimes(2);
  poller.stop();
});

test('the service’s own wish for patience is respected', async () => {
  const run = vi.fn(async () => Promise.reject(new ApiError(429, 'slow down', 45)));
  const poller = createPoller(run, 10_000);
  poller.start();

  await vi.advanceTimersByTimeAsync(54_999);
  expect(run).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(1);

  expect(run).toHaveBeenCalledTimes(2);
  poller.stop();
});

test('stopping calls off the request in flight', async () => {
  let signal: AbortSignal | undefined;
  const poller = createPoller((own) => {
    signal = own;
    return new Promise(() => {});
  }, 10_000);
  poller.start();
  await vi.advanceTimersByTimeAsync(10_000);

  poller.stop();

  expect(signal?.aborted).toBe(true);
});
