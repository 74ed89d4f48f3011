import { beforeEach, expect, test } from 'vitest';

import { aPage, entries } from '../sample.ts';
import { joinNewest } from './join-newest.ts';
import { Lines } from './lines.ts';

let lines: Lines;

beforeEach(() => {
  lines = new Lines();
  lines.merge(entries(1, 3));
});

const shape = () => lines.rows.map((row) => (row.kind === 'gap' ? `gap ${row.count}` : row.id));
const newest = (from: number, to: number) => aPage(entries(from, to), { next: 'further' });
const join = (page: ReturnType<typeof aPage>) => joinNewest(lines, lines.rows.at(-1), page);

test('a page that reaches the last row closes the gap', () => {
  lines.addGap(2);

  expect(join(newest(3, 5))).toBe(2);

  expect(shape()).toEqual([1, 2, 3, 4, 5]);
});

test('a page that does not leaves a smaller gap before itself', () => {
  lines.addGap(6);

  expect(join(newest(8, 9))).toBe(2);

  expect(shape()).toEqual([1, 2, 3, 'gap 4', 8, 9]);
});

test('what is told late is missing further up', () => {
  lines.addGap(3);
  join(newest(8, 9));
  lines.addGap(3);
  expect(shape()).toEqual([1, 2, 3, 'gap 1', 8, 9, 'gap 3']);

  expect(join(newest(8, 9))).toBe(0);

  expect(shape()).toEqual([1, 2, 3, 'gap 4', 8, 9]);
});

test('nobody knows how many are missing when nothing was told', () => {
  expect(join(newest(8, 9))).toBe(2);

  expect(shape()).toEqual([1, 2, 3, 'gap null', 8, 9]);
});

test('rows that came while the page was on its way stay behind the gap', () => {
  lines.addGap(4);
  const end = lines.rows.at(-1);
  lines.merge(entries(9, 9));

  joinNewest(lines, end, newest(8, 9));

  expect(shape()).toEqual([1, 2, 3, 'gap 3', 8, 9]);
});
