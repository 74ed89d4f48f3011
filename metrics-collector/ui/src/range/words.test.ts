import { expect, test } from 'vitest';

import { inWords } from './words.ts';

const AT = Date.parse('2026-03-07T14:00:00Z');

test('a range is said as people say it', () => {
  expect(inWords({ period: '90m' }, 'utc')).toBe('Last 90 min');
  expect(inWords({ period: '7d' }, 'utc')).toBe('Last 7 days');
  expect(inWords({ from: AT, to: AT + 3_600_000 }, 'utc')).toBe('7 Mar 14:00 – 15:00');
  expect(inWords({ from: AT, to: AT + 86_400_000 }, 'utc')).toBe('7 Mar 14:00 – 8 Mar 14:00');
});
