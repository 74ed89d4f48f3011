import { describe, expect, test } from 'vitest';

import { gridOf, shiftOf } from '../grid.ts';
import { aBucket, anAnswer, FROM, MINUTE } from '../sample.ts';
import { exploredSeries, labelOf } from './series.ts';

const LATER = FROM + 60 * MINUTE;

describe('a counter', () => {
  test('is zero where nothing was added, and its mean is over the whole range', () => {
    const answer = anAnswer({ data: [aBucket(1, { sum: 120 }), aBucket(3, { sum: 60 })] });
    const [series] = exploredSeries(answer, gridOf(answer, LATER), 'rate', null);

    expect(series?.values).toEqual([null, 2, 0, 1, null]);
    expect(series).toMatchObject({ label: 'orders_total', sum: 180, mean: 0.6, lowest: 0, highest: 2, latest: 1 });
  });

  test('the running bucket is divided by the seconds it has had', () => {
    const to = new Date(FROM + 2.5 * MINUTE).toISOString();
    const answer = anAnswer({ to, data: [aBucket(1, { sum: 120 }), aBucket(2, { sum: 60 })] });
    const grid = gridOf(answer, Date.parse(to));

    expect(grid.runningFrom).toBe(2);
    expect(exploredSeries(answer, grid, 'rate', null)[0]?.values).toEqual([null, 2, 2]);
  });

  test('the rate of the service is taken when it is there', () => {
    const answer = anAnswer({ data: [aBucket(0, { sum: 120, rate: 7 })] });
    expect(exploredSeries(answer, gridOf(answer, LATER), 'rate', null)[0]?.values[0]).toBe(7);
  });
});

describe('a histogram', () => {
  const data = [aBucket(0, { count: 3, sum: 9, p95: 4 }), aBucket(2, { count: 1, sum: 1, p95: 1, exact: false })];

  test('has gaps, a mean of its values, and says whether all of it is exact', () => {
    const answer = anAnswer({ type: 'histogram', name: 'took_seconds', data });
    const [series] = exploredSeries(answer, gridOf(answer, LATER), 'p95', null);

    expect(series?.values).toEqual([4, null, 1, null, null]);
    expect(series).toMatchObject({ mean: 2.5, samples: 4, exact: false, lowest: 1, highest: 4 });
  });

  test('that was counted less often is a rate of its samples', () => {
    const answer = anAnswer({ type: 'histogram', data });
    expect(exploredSeries(answer, gridOf(answer, LATER), 'rate', null)[0]?.values).toEqual([0.05, 0, 1 / 60, null, null]);
  });
});

describe('several series', () => {
  test('come with the largest first and equal ones by name', () => {
    const series = ['b', 'a', 'c'].map((host, at) => ({ labels: { host }, data: [aBucket(0, { sum: at === 2 ? 9 : 1 })] }));
    const answer = anAnswer({ series });

    expect(exploredSeries(answer, gridOf(answer, LATER), 'sum', null).map(({ label }) => label)).toEqual(['c', 'a', 'b']);
  });

  test('each find their own past, and one that is new has none', () => {
    const answer = anAnswer({
      series: [
        { labels: { host: 'a' }, data: [aBucket(1, { sum: 3 })] },
        { labels: { host: 'b' }, data: [aBucket(1, { sum: 2 })] },
      ],
    });
    const grid = gridOf(answer, LATER);
    const minutesAgo = shiftOf(grid) / MINUTE;
    const earlier = anAnswer({ series: [{ labels: { host: 'a' }, data: [aBucket(1 - minutesAgo, { sum: 6 })] }] });
    const [a, b] = exploredSeries(answer, grid, 'sum', earlier);

    expect(a?.ghost).toEqual([null, 6, null, null, null]);
    expect(b?.ghost).toEqual([null, null, null, null, null]);
  });

  test('an hour’s sum is compared as what it was per minute', () => {
    const answer = anAnswer({ data: [aBucket(1, { sum: 3 })] });
    const grid = gridOf(answer, LATER);
    const hourBefore = new Date(FROM - shiftOf(grid)).toISOString();
    const earlier = anAnswer({ resolution: 'hour', data: [{ ...aBucket(0, { sum: 600 }), bucket: hourBefore }] });

    expect(exploredSeries(answer, grid, 'sum', earlier)[0]?.ghost).toEqual([10, 10, 10, 10, 10]);
  });
});

test('a label that is missing is seen as such', () => {
  expect(labelOf({ method: 'GET', page: '' })).toBe('GET, —');
});
