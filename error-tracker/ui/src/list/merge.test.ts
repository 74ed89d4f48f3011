import { expect, test } from 'vitest';

import { anItem, aPage } from '../sample.ts';
import { append, compare } from './merge.ts';

const items = (...ids: number[]) => ids.map((id) => anItem(id));

test('figures are brought up to date without moving a row', () => {
  const news = compare(items(1, 2), true, aPage([anItem(2, { count: 9 }), anItem(1)]));

  expect(news.rows.map((item) => [item.id, item.count])).toEqual([[1, 1], [2, 9]]);
  expect(news).toMatchObject({ fresh: 0, reordered: true });
});

test('new errors are counted and not shown', () => {
  const news = compare(items(1, 2), true, aPage(items(9, 8, 1, 2)));

  expect(news.rows.map((item) => item.id)).toEqual([1, 2]);
  expect(news).toMatchObject({ fresh: 2, reordered: false });
});

test('rows that moved up from the next page are not new', () => {
  const news = compare(items(1, 2, 3), false, aPage(items(1, 3, 4), { next: 'cursor' }));

  expect(news.fresh).toBe(0);
});

test('a row that left the filter stays where it is', () => {
  const news = compare(items(1, 2, 3), true, aPage(items(1, 3)));

  expect(news.rows.map((item) => item.id)).toEqual([1, 2, 3]);
  expect(news).toMatchObject({ fresh: 0, reordered: false });
});

test('a new error at the end of a complete list is new', () => {
  expect(compare(items(1), true, aPage(items(1, 2))).fresh).toBe(1);
});

test('a row on two pages is shown once', () => {
  expect(append(items(1, 2), items(2, 3)).map((item) => item.id)).toEqual([1, 2, 3]);
});
