import { expect, test } from 'vitest';

import { gridOf } from '../grid.ts';
import { at, FROM, MINUTE } from '../sample.ts';
import { coarserGrid, coarserValues, sizeFor } from './coarser.ts';

test('neighbours become their median, and only gaps become a gap', () => {
  expect(coarserValues([1, 100, 3, null, null, null, 7], 3)).toEqual([3, null, 7]);
  expect(coarserValues([4, null], 2)).toEqual([4]);
});

test('the grid has no more buckets than asked for and knows which one is running', () => {
  const grid = gridOf({ from: at(0), to: at(9.5), resolution: 'minute' }, FROM + 9.5 * MINUTE);
  const size = sizeFor(grid, 4);

  expect(size).toBe(3);
  expect(coarserGrid(grid, size)).toMatchObject({ times: [0, 3, 6, 9].map((minute) => FROM + minute * MINUTE), runningFrom: 3 });
});
