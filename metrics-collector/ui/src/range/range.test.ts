import { describe, expect, test } from 'vitest';

import { asQuery, lengthOf, LONGEST_MS, parsePeriod, periodOf, rangeChanges, rangeOf, shifted, SHORTEST_MS, widened, zoomed } from './range.ts';

const NOW = Date.parse('2026-03-07T15:00:00Z');
const HOUR = 3_600_000;
const params = (text: string) => new URLSearchParams(text);

describe('free text', () => {
  test.each([
    ['90m', '90m'],
    ['90s', '90s'],
    ['24 h', '24h'],
    ['1d', '24h'],
    ['60m', '1h'],
    ['now-6h', '6h'],
    ['last 2 days', '2d'],
    ['-45min', '45m'],
    ['1.5h', '90m'],
    ['2w', '14d'],
    ['1 week', '7d'],
  ])('%s is %s', (text, period) => {
    expect(parsePeriod(text)).toBe(period);
  });

  test.each(['', 'h', '1', '10s', '31d', '1y', 'soon', '1h2', '-'])('%j is no range', (text) => {
    expect(parsePeriod(text)).toBeNull();
  });
});

describe('the address', () => {
  test('without a range it is the last day', () => {
    expect(rangeOf(params(''))).toEqual({ period: '24h' });
    expect(rangeChanges({ period: '24h' })).toEqual({ since: null, until: null, period: null });
  });

  test('a range survives the way into the address and back', () => {
    for (const range of [{ period: '90m' }, { from: NOW - HOUR, to: NOW }]) {
      const changes = Object.entries(rangeChanges(range)).filter((one): one is [string, string] => typeof one[1] === 'string');
      expect(rangeOf(new URLSearchParams(changes))).toEqual(range);
    }
  });

  test.each(['period=soon', 'since=x&until=y', 'since=2026-03-07T15:00:00Z&until=2026-03-07T14:00:00Z', 'since=2026-03-07T15:00:00Z'])(
    'nonsense such as %s falls back',
    (text) => {
      expect(rangeOf(params(text))).toEqual({ period: '24h' });
    },
  );

  test('the service is asked with a period or with two moments, never both', () => {
    expect(asQuery({ period: '3h' })).toEqual({ period: '3h', since: null, until: null });
    expect(asQuery({ from: NOW - HOUR, to: NOW })).toEqual({
      period: null,
      since: '2026-03-07T14:00:00.000Z',
      until: '2026-03-07T15:00:00.000Z',
    });
  });
});

describe('moving', () => {
  test('one window back and forward again is where it was', () => {
    const back = shifted({ period: '6h' }, -1, NOW);
    expect(back).toEqual({ from: NOW - 12 * HOUR, to: NOW - 6 * HOUR });
    expect(shifted(back, 1, NOW + 5000)).toEqual({ period: '6h' });
  });

  test('between two windows of the past it stays in the past', () => {
    const range = { from: NOW - 3 * HOUR, to: NOW - 2 * HOUR };
    expect(shifted(range, -1, NOW)).toEqual({ from: NOW - 4 * HOUR, to: NOW - 3 * HOUR });
    expect(shifted(range, 1, NOW)).toEqual({ from: NOW - 2 * HOUR, to: NOW - HOUR });
  });

  test('zooming out doubles, and neither reaches into the future nor beyond what is kept', () => {
    expect(widened({ period: '12h' }, NOW)).toEqual({ period: '24h' });
    expect(widened({ period: '30d' }, NOW)).toEqual({ period: '30d' });
    expect(widened({ from: NOW - 4 * HOUR, to: NOW - 2 * HOUR }, NOW)).toEqual({ from: NOW - 5 * HOUR, to: NOW - HOUR });
    expect(widened({ from: NOW - HOUR, to: NOW }, NOW)).toEqual({ from: NOW - 2 * HOUR, to: NOW });
    expect(lengthOf(widened({ from: NOW - LONGEST_MS, to: NOW }, NOW))).toBe(LONGEST_MS);
  });

  test('a drag becomes whole seconds and is never shorter than the service takes', () => {
    expect(zoomed(NOW + 123, NOW + HOUR + 456)).toEqual({ from: NOW, to: NOW + HOUR });
    expect(lengthOf(zoomed(NOW, NOW + 2000))).toBe(SHORTEST_MS);
  });
});

test('a length is written in the largest unit that holds it whole', () => {
  expect([90_000, 5_400_000, 7_200_000, 172_800_000].map(periodOf)).toEqual(['90s', '90m', '2h', '2d']);
});
