// Counts per bucket as stacked bars, and places on the axis as times.
import { LEVELS, type Histogram, type Level } from '../wire.ts';

export interface Bar {
  /** Index of the bucket since `from`. */
  index: number;
  at: number;
  total: number;
  counts: Partial<Record<Level, number>>;
  /** From the bottom up, in units of the chart's height. */
  parts: { level: Level; from: number; to: number }[];
}

/** How high the smallest count is drawn, so that one error among thousands of lines is seen. */
const LEAST = 0.05;

export const bucketCount = (data: Histogram): number =>
  Math.max(1, Math.ceil((Date.parse(data.to) - Date.parse(data.from)) / data.bucket_ms));

export function barsOf(data: Histogram): Bar[] {
  const start = Date.parse(data.from);
  const totals = data.buckets.map(({ counts }) => sum(counts));
  const most = Math.max(1, ...totals);
  return data.buckets.map(({ at, counts }, position) => {
    const bucket = Date.parse(at);
    const total = totals[position] ?? 0;
    return { index: Math.floor((bucket - start) / data.bucket_ms), at: bucket, total, counts, parts: stack(counts, total, most) };
  });
}

/** The worst at the bottom, where small counts are compared most easily. */
function stack(counts: Bar['counts'], total: number, most: number): Bar['parts'] {
  const present = LEVELS.toReversed().filter((level) => (counts[level] ?? 0) > 0);
  const height = Math.max(total / most, LEAST * present.length);
  // What the small ones get on top is taken from the others.
  const small = present.filter((level) => (counts[level] ?? 0) / most < LEAST);
  const big = present.filter((level) => !small.includes(level));
  const left = Math.max(0, height - small.length * LEAST);
  const bigTotal = big.reduce((all, level) => all + (counts[level] ?? 0), 0);
  let from = 0;
  return present.map((level) => {
    const size = small.includes(level) ? LEAST : (left * (counts[level] ?? 0)) / bigTotal;
    const part = { level, from, to: from + size };
    from = part.to;
    return part;
  });
}

const sum = (counts: Bar['counts']): number => Object.values(counts).reduce((all, count) => all + count, 0);

/** One path for each level: a few elements however many bars there are. */
export function pathOf(bars: readonly Bar[], level: Level, height: number): string {
  return bars
    .flatMap(({ index, parts }) =>
      parts
        .filter((part) => part.level === level)
        .map(({ from, to }) => `M${index + 0.08} ${round(height * (1 - from))}V${round(height * (1 - Math.min(1, to)))}h.84V${round(height * (1 - from))}z`),
    )
    .join('');
}

/** The buckets between two places (0 … 1) as times; a click takes the one bucket under it. */
export function timesBetween(data: Histogram, a: number, b: number): { from: number; to: number } {
  const start = Date.parse(data.from);
  const count = bucketCount(data);
  const bucketAt = (place: number) => Math.min(count - 1, Math.max(0, Math.floor(place * count)));
  const [first, last] = [bucketAt(Math.min(a, b)), bucketAt(Math.max(a, b))];
  return { from: start + first * data.bucket_ms, to: start + (last + 1) * data.bucket_ms };
}

const round = (value: number): number => Math.round(value * 100) / 100;
