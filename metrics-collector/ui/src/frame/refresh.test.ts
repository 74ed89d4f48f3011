import { expect, test } from 'vitest';

import { intervalOf } from './refresh.ts';

test.each([
  ['', '30s'],
  ['period=3h', '30s'],
  ['since=2026-03-07T14:00:00Z&until=2026-03-07T15:00:00Z', 'off'],
  ['refresh=10s', '10s'],
  ['refresh=off', 'off'],
  ['since=2026-03-07T14:00:00Z&until=2026-03-07T15:00:00Z&refresh=1m', '1m'],
  ['refresh=often', '30s'],
])('with %j it asks again: %s', (address, interval) => {
  expect(intervalOf(new URLSearchParams(address))).toBe(interval);
});
