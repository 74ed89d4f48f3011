import { beforeEach, expect, test } from 'vitest';

import { Lines } from '../lines/lines.ts';
import { anEntry, entries } from '../sample.ts';
import { LiveBuffer } from './live-buffer.ts';

let lines: Lines;
let buffer: LiveBuffer;

beforeEach(() => {
  lines = new Lines();
  lines.merge(entries(1, 3));
  buffer = new LiveBuffer(lines, 10);
});

const add = (from: number, to: number) => entries(from, to).forEach((entry) => buffer.add(entry));
const shape = () => lines.rows.map((row) => (row.kind === 'gap' ? `gap ${row.count}` : row.id));

test('what comes is counted and waits', () => {
  add(4, 6);

  expect(buffer.newCount).toBe(3);
  expect(lines.rows).toHaveLength(3);
});

test('what is handed over is in the list once', () => {
  add(2, 5);
  add(4, 5);
  expect(buffer.newCount).toBe(2);

  buffer.flush(false);

  expect(shape()).toEqual([1, 2, 3, 4, 5]);
  expect(buffer.newCount).toBe(0);
});

test('an entry that is known is brought up to date where it is, and not counted', () => {
  add(4, 4);

  expect(buffer.add(anEntry(4, { message: 'fuller' }))).toBe(false);
  expect(buffer.add(anEntry(1, { message: 'fuller too' }))).toBe(false);
  expect(buffer.newCount).toBe(1);
  buffer.flush(false);

  expect(lines.find(4)?.entry.message).toBe('fuller');
  expect(lines.find(1)?.entry.message).toBe('fuller too');
});

test('skipped lines are a gap between what came before and after', () => {
  add(4, 4);
  buffer.skipped(4213);
  add(5, 5);
  expect(buffer.newCount).toBe(4215);

  buffer.flush(false);

  expect(shape()).toEqual([1, 2, 3, 4, 'gap 4213', 5]);
});

test('the list keeps its newest rows only', () => {
  add(4, 12);

  expect(buffer.flush(false)).toEqual({ trimmed: true });

  expect(shape()).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

test('a reader who looks away for long loses nothing without a word', () => {
  for (let id = 4; id <= 1000; id++) {
    buffer.add(anEntry(id));
    expect(buffer.size).toBeLessThan(21);
  }
  expect(buffer.newCount).toBe(997);

  buffer.flush(false);

  expect(lines.rows.length).toBeLessThanOrEqual(10);
  expect(lines.last?.id).toBe(1000);
});

test('what belongs before the loaded rows is left to be loaded', () => {
  buffer.add(anEntry(-5));
  buffer.flush(true);
  expect(shape()).toEqual([1, 2, 3]);

  buffer.add(anEntry(-5));
  buffer.flush(false);
  expect(shape()).toEqual([-5, 1, 2, 3]);
});
