import { expect, test } from 'vitest';

import type { Histogram } from '../wire.ts';
import { barsOf, bucketCount, pathOf, timesBetween } from './bars.ts';

const START = Date.parse('2026-03-01T12:00:00Z');
const at = (minute: number) => new Date(START + minute * 60_000).toISOString();
const aHistogram = (buckets: Histogram['buckets']): Histogram => ({ from: at(0), to: at(10), bucket_ms: 60_000, buckets, total: 0, complete: true });

test('a bar stands at its time, empty ones are left out', () => {
  const bars = barsOf(aHistogram([{ at: at(2), counts: { INFO: 4 } }, { at: at(7), counts: { ERROR: 2, INFO: 2 } }]));

  expect(bars.map(({ index, total }) => [index, total])).toEqual([[2, 4], [7, 4]]);
  expect(bars[1]?.parts).toEqual([
    { level: 'ERROR', from: 0, to: 0.5 },
    { level: 'INFO', from: 0.5, to: 1 },
  ]);
});

test('one error among thousands is still seen, and nothing overflows', () => {
  const [bar] = barsOf(aHistogram([{ at: at(0), counts: { CRITICAL: 1, ERROR: 1, WARNING: 1, INFO: 9000 } }]));

  for (const part of bar?.parts ?? []) expect(part.to - part.from).toBeGreaterThanOrEqual(0.049);
  expect(bar?.parts.at(-1)?.to).toBeCloseTo(1, 6);
});

test('the stretch between two places is whole buckets', () => {
  const data = aHistogram([]);

  expect(bucketCount(data)).toBe(10);
  expect(timesBetween(data, 0.21, 0.39)).toEqual({ from: START + 120_000, to: START + 240_000 });
  expect(timesBetween(data, 0.39, 0.21)).toEqual(timesBetween(data, 0.21, 0.39));
  expect(timesBetween(data, 0.55, 0.55)).toEqual({ from: START + 300_000, to: START + 360_000 });
  expect(timesBetween(data, -1, 2)).toEqual({ from: START, to: START + 600_000 });
});

test('a level without a line draws nothing', () => {
  const bars = barsOf(aHistogram([{ at: at(0), counts: { INFO: 1 } }]));

  expect(pathOf(bars, 'ERROR', 48)).toBe('');
  expect(pathOf(bars, 'INFO', 48)).toMatch(/^M0\.08 48V0h\.84V48z$/);
});
