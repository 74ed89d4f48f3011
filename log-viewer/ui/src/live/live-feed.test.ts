import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Lines } from '../lines/lines.ts';
import { Viewport } from '../lines/viewport.ts';
import { anEntry, entries } from '../sample.ts';
import { createLiveFeed } from './live-feed.ts';

class FakeSource extends EventTarget {
  static last: FakeSource;
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;

  constructor(readonly address: string) {
    super();
    FakeSource.last = this;
  }

  send(kind: string, data: unknown): void {
    this.dispatchEvent(new MessageEvent(kind, { data: JSON.stringify(data) }));
  }

  close(): void {}
}

let lines: Lines;
let feed: ReturnType<typeof createLiveFeed>;
const onMore = vi.fn();
const onBehind = vi.fn();

beforeEach(() => {
  vi.stubGlobal('EventSource', FakeSource);
  lines = new Lines();
  feed = createLiveFeed({ lines, viewport: new Viewport(lines), olderExists: () => true, onTrimmed: vi.fn(), onMore, onBehind });
  onMore.mockReset();
  onBehind.mockReset();
});
afterEach(() => {
  feed.tail.stop();
  vi.unstubAllGlobals();
});

const show = (from: number, to: number) => {
  lines.merge(entries(from, to));
  feed.follow({ search: 'x', stream: 'stderr', level: ['ERROR', 'INFO'] }, entries(from, to));
};
const messages = () => lines.rows.map((row) => (row.kind === 'entry' ? row.entry.message : row.kind));
const asked = () => new URL(FakeSource.last.address, 'http://x/').searchParams;

test('the stream has the filters of the page and begins a little before its end', () => {
  show(101, 103);

  expect(asked().getAll('level')).toEqual(['ERROR', 'INFO']);
  expect([asked().get('search'), asked().get('stream'), asked().get('last_event_id')]).toEqual(['x', 'stderr', '83']);
});

test('what both have is there once, is not counted again, and is the fuller one', () => {
  show(101, 103);

  FakeSource.last.send('log', anEntry(102));
  FakeSource.last.send('log', anEntry(103, { message: 'line 103\nmore' }));
  FakeSource.last.send('log', anEntry(104));
  feed.flush();

  expect(messages()).toEqual(['line 101', 'line 102', 'line 103\nmore', 'line 104']);
  expect(onMore.mock.calls).toEqual([[1]]);
});

test('an entry that the filters let through only when it had grown is shown', () => {
  show(101, 103);

  FakeSource.last.send('amend', anEntry(104, { message: 'Traceback\nKeyError' }));
  feed.flush();

  expect(messages().at(-1)).toBe('Traceback\nKeyError');
});

test('a page of other filters does not make the stream begin further back', () => {
  show(101, 103);

  feed.follow({}, entries(1, 2));

  expect(asked().get('last_event_id')).toBe('83');
});

test('it tells when the newest lines are among the skipped ones, but not while it is held', () => {
  show(101, 103);
  FakeSource.last.send('dropped', { count: 4213 });
  FakeSource.last.send('log', anEntry(9000));
  feed.flush();
  expect(onBehind).not.toHaveBeenCalled();

  feed.held.value = true;
  FakeSource.last.send('dropped', { count: 7 });
  feed.flush();
  expect(onBehind).not.toHaveBeenCalled();
  feed.held.value = false;
  feed.flush();

  expect(onBehind).toHaveBeenCalledTimes(1);
});
