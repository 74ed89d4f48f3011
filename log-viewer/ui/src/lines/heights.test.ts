import { expect, test } from 'vitest';

import { chance } from '../sample.ts';
import { Heights } from './heights.ts';

const sumOf = (heights: number[]) => heights.reduce((sum, height) => sum + height, 0);

test.each([1, 2, 3, 4, 5])('agrees with plain addition whatever is done to it (%i)', (seed) => {
  const pick = chance(seed);
  const heights = new Heights();
  const plain: number[] = [];

  for (let turn = 0; turn < 4000; turn++) {
    const what = pick(10);
    if (what < 6 || plain.length === 0) {
      const height = 1 + pick(60);
      heights.push(height);
      plain.push(height);
    } else if (what < 9) {
      const [at, height] = [pick(plain.length), pick(80)];
      heights.set(at, height);
      plain[at] = height;
    } else if (pick(20) === 0) {
      const size = pick(plain.length);
      heights.truncate(size);
      plain.length = size;
    }
    const at = pick(plain.length + 1);
    expect(heights.offsetOf(at)).toBe(sumOf(plain.slice(0, at)));
    expect(heights.total).toBe(sumOf(plain));
  }
});

test.each([7, 8, 9])('finds the row that covers a place (%i)', (seed) => {
  const pick = chance(seed);
  const heights = new Heights();
  for (let row = 0; row < 3000; row++) heights.push(1 + pick(100));

  for (let turn = 0; turn < 2000; turn++) {
    const place = pick(heights.total);
    const index = heights.indexAt(place);
    expect(heights.offsetOf(index)).toBeLessThanOrEqual(place);
    expect(heights.offsetOf(index + 1)).toBeGreaterThan(place);
  }
});

test('a place outside belongs to the first or last row', () => {
  const heights = new Heights();
  for (let row = 0; row < 5; row++) heights.push(10);

  expect(heights.indexAt(-100)).toBe(0);
  expect(heights.indexAt(1e9)).toBe(4);
  expect(new Heights().indexAt(5)).toBe(0);
});
