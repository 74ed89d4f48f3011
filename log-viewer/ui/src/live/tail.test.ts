import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { createTail } from './tail.ts';

class FakeSource extends EventTarget {
  static readonly CLOSED = 2;
  static all: FakeSource[] = [];
  readyState = 0;
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;

  constructor(readonly address: string) {
    super();
    FakeSource.all.push(this);
  }

  close(): void {
    this.readyState = 2;
  }
}

const events = { onEntry: vi.fn(), onAmend: vi.fn(), onDropped: vi.fn() };
const source = () => FakeSource.all.at(-1) as FakeSource;

beforeEach(() => {
  vi.useFakeTimers();
  FakeSource.all = [];
  for (const one of Object.values(events)) one.mockReset();
  vi.stubGlobal('EventSource', FakeSource);
  vi.stubGlobal('fetch', async () => new Response('{}'));
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test('a stream that the browser resumes is not asked for anew', () => {
  const tail = createTail(events);
  tail.start(() => `api/logs/tail?last_event_id=${FakeSource.all.length}`);
  source().onopen?.();
  source().onerror?.();
  expect(tail.state.value).toBe('connecting');

  source().onopen?.();

  expect(tail.state.value).toBe('open');
  expect(FakeSource.all).toHaveLength(1);
  tail.stop();
});

test('a refused stream is tried again, less and less often', async () => {
  const tail = createTail(events);
  tail.start(() => `api/logs/tail?last_event_id=${FakeSource.all.length}`);
  source().readyState = 2;
  source().onerror?.();
  expect(tail.state.value).toBe('waiting');
  await vi.advanceTimersByTimeAsync(1000);
  expect(FakeSource.all).toHaveLength(2);

  source().readyState = 2;
  source().onerror?.();
  await vi.advanceTimersByTimeAsync(1999);
  expect(FakeSource.all).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(1);

  expect(FakeSource.all).toHaveLength(3);
  expect(source().address).toBe('api/logs/tail?last_event_id=2');
  tail.stop();
});

test('a stream that has gone silent is replaced', async () => {
  const tail = createTail(events);
  tail.start(() => `api/logs/tail?last_event_id=${FakeSource.all.length}`);
  source().onopen?.();
  await vi.advanceTimersByTimeAsync(40_000);
  source().dispatchEvent(new MessageEvent('heartbeat', { data: '{}' }));
  await vi.advanceTimersByTimeAsync(10_000);
  expect(FakeSource.all).toHaveLength(1);

  await vi.advanceTimersByTimeAsync(90_000);

  expect(FakeSource.all.length).toBeGreaterThan(1);
  tail.stop();
});

test('nothing happens after it was stopped', async () => {
  const tail = createTail(events);
  tail.start(() => `api/logs/tail?last_event_id=${FakeSource.all.length}`);
  tail.stop();
  source().dispatchEvent(new MessageEvent('log', { data: '{}' }));
  await vi.advanceTimersByTimeAsync(120_000);

  expect(events.onEntry).not.toHaveBeenCalled();
  expect(FakeSource.all).toHaveLength(1);
  expect(tail.state.value).toBe('off');
});
