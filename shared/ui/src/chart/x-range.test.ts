import { expect, test } from 'vitest';

import { xRange } from './x-range.ts';

test('the newest bar has room', () => {
  expect(xRange(0, 7200, 7200, 3600)).toEqual([0, 10_800]);
});

test('a zoomed range stays as it was chosen', () => {
  expect(xRange(1000, 5000, 7200, 3600)).toEqual([1000, 5000]);
});
