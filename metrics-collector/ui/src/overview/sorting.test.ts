import { expect, test } from 'vitest';

import { orderOf, sortChanges, sorted } from './sorting.ts';

const endpoint = (name: string, p95: number | null, rate = 1) => ({ endpoint: name, method: 'GET', count: 1, rate, error_rate: 0, p95 });
const names = (rows: { endpoint: string }[]) => rows.map((row) => row.endpoint);
const order = (text: string) => orderOf(new URLSearchParams(text));

test('the slowest come first, and what was not timed last in both directions', () => {
  const rows = [endpoint('a', 1), endpoint('b', null), endpoint('c', 3)];

  expect(names(sorted(rows, order('')))).toEqual(['c', 'a', 'b']);
  expect(names(sorted(rows, order('sort=p95')))).toEqual(['a', 'c', 'b']);
});

test('names are sorted as text', () => {
  expect(names(sorted([endpoint('/b', 1), endpoint('/a', 2)], order('sort=endpoint')))).toEqual(['/a', '/b']);
});

test('a column starts where one looks first and turns round at the second click', () => {
  expect(sortChanges(order(''), 'rate')).toEqual({ sort: '-rate' });
  expect(sortChanges(order('sort=-rate'), 'rate')).toEqual({ sort: 'rate' });
  expect(sortChanges(order(''), 'endpoint')).toEqual({ sort: 'endpoint' });
  expect(sortChanges(order('sort=p95'), 'p95')).toEqual({ sort: null });
  expect(order('sort=nonsense')).toEqual({ column: 'p95', descending: true });
});
