// Timelines as evenly spaced buckets: the service leaves out the empty ones.
import { DAY } from '@monlight/ui/time.ts';

import type { Bucket } from '../wire.ts';

const HOUR = 3_600_000;
const HOURS_SHOWN = 7 * 24;

export interface Filled {
  times: number[];
  values: number[];
}

export function hourSeries(buckets: readonly Bucket[], now: number): Filled {
  return fill(buckets, HOUR, now, HOURS_SHOWN);
}

export function daySeries(buckets: readonly Bucket[], now: number, days: number): Filled {
  return fill(buckets, DAY, now, days);
}

/** An hour without a report is a zero, not a gap: nothing was reported then. */
function fill(buckets: readonly Bucket[], step: number, now: number, length: number): Filled {
  const last = Math.floor(now / step);
  const times = Array.from({ length }, (_, index) => (last - length + 1 + index) * step);
  const values = times.map(() => 0);
  for (const { bucket, count } of buckets) {
    const index = Math.floor(Date.parse(bucket) / step) - (last - length + 1);
    if (index >= 0 && index < length) values[index] = (values[index] ?? 0) + count;
  }
  return { times, values };
}
