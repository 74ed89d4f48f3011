import { expect, test } from 'vitest';

import { anEntry, chance, entries } from '../sample.ts';
import { Lines } from './lines.ts';
import { comparePlaces, justAfter, timeKey, type GapRow, type Row } from './row.ts';

const ids = (lines: Lines) => lines.rows.map((row) => (row.kind === 'gap' ? 'gap' : row.id));

test.each([1, 2, 3])('rows are in order and each there once, in whatever order they come (%i)', (seed) => {
  const pick = chance(seed);
  const lines = new Lines();
  lines.estimateAnew(() => 20);
  const all = entries(1, 400);

  for (let turn = 0; turn < 60; turn++) {
    const from = pick(400);
    lines.merge(all.slice(from, from + 1 + pick(30)).sort(() => pick(3) - 1));
    const rows = lines.rows;
    for (let at = 1; at < rows.length; at++) expect(comparePlaces(rows[at - 1] as Row, rows[at] as Row)).toBeLessThan(0);
    expect(lines.heights.size).toBe(rows.length);
    expect(lines.heights.total).toBe(rows.length * 20);
  }
});

test('a time with fewer decimals is in its place', () => {
  const lines = new Lines();

  lines.merge([anEntry(2, { timestamp: '2026-03-01T12:00:00.5Z' }), anEntry(1, { timestamp: '2026-03-01T12:00:00Z' })]);

  expect(ids(lines)).toEqual([1, 2]);
});

test('an amended entry is replaced where it stands', () => {
  const lines = new Lines();
  lines.merge(entries(1, 3));

  expect(lines.amend(anEntry(2, { message: 'line 2\nand more' }))).toBe(true);

  expect(ids(lines)).toEqual([1, 2, 3]);
  expect(lines.find(2)?.entry.message).toBe('line 2\nand more');
  expect(lines.amend(anEntry(9))).toBe(false);
});

test('only the newest rows are kept, and none is remembered', () => {
  const lines = new Lines();
  lines.merge(entries(1, 50));

  expect(lines.keepNewest(10)).toBe(true);

  expect(lines.rows).toHaveLength(10);
  expect(lines.find(40)).toBeUndefined();
  expect(lines.find(41)).toBeDefined();
  expect(lines.heights.size).toBe(10);
});

test('a gap stands between what came before and after it, and is filled from below', () => {
  const lines = new Lines();
  lines.merge(entries(1, 2));
  lines.addGap(3);
  lines.addGap(2);
  lines.merge(entries(8, 9));
  const gap = lines.rows[2] as GapRow;

  expect(ids(lines)).toEqual([1, 2, 'gap', 8, 9]);
  expect(gap.count).toBe(5);
  lines.fillGap(gap, entries(6, 8), false);
  expect(ids(lines)).toEqual([1, 2, 'gap', 6, 7, 8, 9]);
  expect(gap.count).toBe(3);
  lines.fillGap(gap, entries(3, 6), true);
  expect(ids(lines)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('a measured height outlives what comes before it', () => {
  const lines = new Lines();
  lines.estimateAnew(() => 20);
  lines.merge(entries(10, 12));
  lines.measure(1, 90);

  lines.merge(entries(1, 5));

  expect(lines.heights.heightOf(6)).toBe(90);
  expect(lines.heights.total).toBe(7 * 20 + 90);
});

test('times keep their nanoseconds', () => {
  expect(timeKey('2026-03-01T12:00:00Z')).toBe('2026-03-01T12:00:00.000000000Z');
  expect(justAfter('2026-03-01T12:00:00.123456789Z')).toBe('2026-03-01T12:00:00.123456790Z');
  expect(justAfter('2026-03-01T12:00:59.999999999Z')).toBe('2026-03-01T12:01:00.000000000Z');
});
