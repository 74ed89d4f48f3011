import { describe, expect, test } from 'vitest';

import { absoluteTime, asInputValue, clockWithMs, dateText, dayOf, fromInputValue, relativeTime } from './time.ts';

const NOW = Date.parse('2026-11-21T12:00:00.000Z');
const ago = (ms: number) => relativeTime(NOW - ms, NOW, 'utc');

describe('relative time', () => {
  test.each([
    [0, 'just now'],
    [4_999, 'just now'],
    [12_000, '12 s ago'],
    [59_999, '59 s ago'],
    [60_000, '1 min ago'],
    [3_599_999, '59 min ago'],
    [3_600_000, '1 h ago'],
    [86_399_999, '23 h ago'],
    [86_400_000, '1 d ago'],
    [29 * 86_400_000, '29 d ago'],
    [30 * 86_400_000, '22 Oct'],
    [400 * 86_400_000, '17 Oct 2025'],
  ])('%i ms reads %s', (ms, text) => {
    expect(ago(ms)).toBe(text);
  });

  test('a clock that runs a little ahead is now', () => {
    expect(ago(-30_000)).toBe('just now');
  });

  test('a clock that runs far ahead shows its date', () => {
    expect(ago(-3 * 86_400_000)).toBe('24 Nov');
  });
});

test('absolute time has milliseconds and names its zone', () => {
  expect(absoluteTime(NOW + 7, 'utc')).toBe('2026-11-21 12:00:00.007 UTC');
  expect(absoluteTime(NOW, 'local')).toMatch(/^2026-11-2\d \d\d:\d\d:00\.000 [+−]\d\d:\d\d$/);
});

test('the last day of a year is not the next year', () => {
  expect(dateText(Date.parse('2025-12-31T23:59:59Z'), NOW, 'utc')).toBe('31 Dec 2025');
});

test.each(['utc', 'local'] as const)('an input field gives back the minute it was given (%s)', (zone) => {
  expect(fromInputValue(asInputValue(NOW, zone), zone)).toBe(NOW);
});

test('an empty input field is no time', () => {
  expect(fromInputValue('', 'utc')).toBeNull();
});

test('parts of a time, each as exact as it is needed', () => {
  const at = Date.parse('2026-03-07T14:05:09.120Z');

  expect(clockWithMs(at, 'utc')).toBe('14:05:09.120');
  expect(dayOf(at, 'utc')).toBe('2026-03-07');
  expect(asInputValue(at, 'utc')).toBe('2026-03-07T14:05');
  expect(asInputValue(at, 'utc', true)).toBe('2026-03-07T14:05:09');
});
