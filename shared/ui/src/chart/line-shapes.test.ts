import { expect, test } from 'vitest';

import { isolated, topOf, withoutEnd, withoutStart } from './line-shapes.ts';

test('a value between two gaps is a dot', () => {
  expect(isolated([1, null, 2, 3, null, 4])).toEqual([0, 5]);
  expect(isolated([7])).toEqual([0]);
  expect(isolated([])).toEqual([]);
});

test('the running bucket is taken from the line and drawn as its end', () => {
  const values = [1, 2, 3];

  expect(withoutEnd(values, 2)).toEqual([1, 2, null]);
  expect(withoutStart(values, 2)).toEqual([null, 2, 3]);
  expect(withoutStart([1], 0)).toEqual([1]);
});

test('a line whose buckets are all complete has no end', () => {
  expect(withoutEnd([1, 2, 3], 3)).toEqual([1, 2, 3]);
  expect(withoutStart([1, 2, 3], 3)).toEqual([null, null, null]);
  expect(withoutStart([1, 2, null], 2)).toEqual([null, null, null]);
});

test('the axis reaches over the highest value, the limit and its least', () => {
  expect(topOf(100, undefined, 0)).toBeCloseTo(108);
  expect(topOf(0.5, 1, 0)).toBeCloseTo(1.15);
  expect(topOf(0, undefined, 0.01)).toBe(0.01);
  expect(topOf(null, undefined, 0)).toBe(1);
});
