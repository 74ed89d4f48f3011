import { expect, test } from 'vitest';

import { barsOf } from './Sparkline.tsx';

test('an empty hour has no bar', () => {
  expect(barsOf([0, 5, 0], 5).match(/M/g)).toHaveLength(1);
});

test('the smallest count beside a big one can still be seen', () => {
  expect(barsOf([1, 100_000], 100_000)).toContain('M0 24v-2h');
});

test('no counts at all draw nothing', () => {
  expect(barsOf([0, 0], 0)).toBe('');
});
