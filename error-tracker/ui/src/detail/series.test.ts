import { expect, test } from 'vitest';

import { daySeries, hourSeries } from './series.ts';

const NOW = Date.parse('2026-11-21T10:30:00.000Z');

test('hours left out are zeros, and the present hour is the last', () => {
  const { times, values } = hourSeries(
    [
      { bucket: '2026-11-21T10:00:00.000Z', count: 3 },
      { bucket: '2026-11-21T08:00:00.000Z', count: 5 },
    ],
    NOW,
  );

  expect(times).toHaveLength(168);
  expect(times.at(-1)).toBe(Date.parse('2026-11-21T10:00:00.000Z'));
  expect(values.slice(-3)).toEqual([5, 0, 3]);
});

test('buckets outside the range are left out', () => {
  const { values } = daySeries([{ bucket: '2020-01-01T00:00:00.000Z', count: 9 }, { bucket: '2027-01-01T00:00:00.000Z', count: 9 }], NOW, 90);
  expect(values.every((value) => value === 0)).toBe(true);
});
