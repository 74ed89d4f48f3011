// What can be drawn of each type of metric.
import { unitOfMetric, type Unit } from '../units/unit.ts';
import type { Filling } from '../grid.ts';
import type { Bucket, MetricType } from '../wire.ts';

export const STAT_WORDS = {
  rate: 'Rate per second',
  sum: 'Sum',
  avg: 'Average',
  last: 'Last value',
  min: 'Lowest',
  max: 'Highest',
  p50: 'p50 (median)',
  p95: 'p95',
  p99: 'p99',
  count: 'Count',
} as const;
export type Stat = keyof typeof STAT_WORDS;

export const STATS: Record<MetricType, readonly [Stat, ...Stat[]]> = {
  counter: ['rate', 'sum'],
  gauge: ['avg', 'last', 'min', 'max'],
  histogram: ['p95', 'p50', 'p99', 'avg', 'rate', 'count', 'min', 'max'],
};

export function statOf(type: MetricType, wanted: string | null): Stat {
  return STATS[type].find((stat) => stat === wanted) ?? STATS[type][0];
}

/** The value of one bucket; `seconds` is how much of it has passed. */
export function valueOf(stat: Stat, type: MetricType, bucket: Bucket, seconds: number): number | null {
  if (stat !== 'rate') return bucket[stat];
  if (type === 'counter') return bucket.rate ?? bucket.sum / seconds;
  return bucket.count / seconds;
}

/** A bucket without data adds nothing to what is counted; of anything else it says nothing. */
export function fillingOf(stat: Stat, type: MetricType): Filling {
  return type !== 'gauge' && (stat === 'rate' || stat === 'sum' || stat === 'count') ? 'zero' : 'gap';
}

/** True when the values of two buckets may be added. */
export const isAdditive = (stat: Stat): boolean => stat === 'sum' || stat === 'count';

export const isPercentile = (stat: Stat): boolean => stat === 'p50' || stat === 'p95' || stat === 'p99';

export function unitOf(name: string, type: MetricType, stat: Stat): Unit {
  const own = unitOfMetric(name);
  if (stat === 'count') return 'plain';
  if (stat !== 'rate') return own;
  return type === 'counter' && own === 'bytes' ? 'bytes per second' : 'per second';
}
