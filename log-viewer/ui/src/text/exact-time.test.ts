import { expect, test } from 'vitest';

import { exactTime } from './exact-time.ts';

test.each([
  ['2026-03-07T14:05:09.120456789Z', '2026-03-07 14:05:09.120456789 UTC'],
  ['2026-03-07T14:05:09.120Z', '2026-03-07 14:05:09.120 UTC'],
  ['2026-03-07T14:05:09Z', '2026-03-07 14:05:09.000 UTC'],
])('%s to the last digit', (timestamp, text) => {
  expect(exactTime(timestamp, 'utc')).toBe(text);
});
