// The even row of buckets that all charts of a page share, and how values are put into it.
//
// The service leaves out buckets without data. What that means depends on what is measured: a
// counter that nothing was added to stands for zero, anything else is a gap.
import type { Resolution } from './wire.ts';

export const STEP_MS: Record<Resolution, number> = { minute: 60_000, hour: 3_600_000 };

export interface Grid {
  times: number[];
  step: number;
  from: number;
  to: number;
  /** The index of the bucket that is still running, or the length when none is. */
  runningFrom: number;
}

interface Span {
  from: string;
  to: string;
  resolution: Resolution;
}

export function gridOf(span: Span, now: number): Grid {
  const [from, to] = [Date.parse(span.from), Date.parse(span.to)];
  const step = STEP_MS[span.resolution];
  const first = Math.floor(from / step) * step;
  const length = Math.max(1, Math.ceil((to - first) / step));
  const times = Array.from({ length }, (_, at) => first + at * step);
  const running = times.findIndex((at) => at + step > now);
  return { times, step, from, to, runningFrom: running === -1 ? length : running };
}

export type Filling = 'gap' | 'zero';

/** One value per bucket. Zeros reach from the first bucket with data to the last one, and no further. */
export function place<Row extends { bucket: string }>(
  grid: Grid,
  rows: readonly Row[],
  valueOf: (row: Row) => number | null | undefined,
  filling: Filling = 'gap',
): (number | null)[] {
  const values: (number | null)[] = grid.times.map(() => null);
  const start = grid.times[0] ?? 0;
  let [first, last] = [values.length, -1];
  for (const row of rows) {
    const at = Math.floor((Date.parse(row.bucket) - start) / grid.step);
    if (at < 0 || at >= values.length) continue;
    values[at] = valueOf(row) ?? null;
    first = Math.min(first, at);
    last = Math.max(last, at);
  }
  if (filling === 'zero') for (let at = first; at <= last; at++) values[at] ??= 0;
  return values;
}

/** How far back the previous period lies: whole buckets, so that they fall on those of now. */
export function shiftOf(grid: Grid): number {
  return Math.ceil((grid.to - grid.from) / grid.step) * grid.step;
}

/**
 * The values of an earlier time under the buckets of now. An hour that is compared with minutes is
 * spread over them: of the earlier time no finer data is left.
 */
export function placeEarlier<Row extends { bucket: string }>(
  grid: Grid,
  rows: readonly Row[],
  earlier: { resolution: Resolution; shift: number },
  valueOf: (row: Row) => number | null | undefined,
  filling: Filling = 'gap',
): (number | null)[] {
  const step = STEP_MS[earlier.resolution];
  const times = rows.map(({ bucket }) => Date.parse(bucket) + earlier.shift);
  if (step <= grid.step) {
    return place(grid, rows.map((row, at) => ({ row, bucket: new Date(times[at] ?? 0).toISOString() })), ({ row }) => valueOf(row), filling);
  }
  return grid.times.map((at) => {
    const index = times.findIndex((time) => time <= at && at < time + step);
    const row = rows[index];
    return row === undefined ? null : (valueOf(row) ?? null);
  });
}

/** The last value of a bucket that is complete. */
export function latestOf(values: readonly (number | null)[], runningFrom: number): number | null {
  for (let at = Math.min(runningFrom, values.length) - 1; at >= 0; at--) {
    const value = values[at];
    if (value !== null && value !== undefined) return value;
  }
  return values.find((value) => value !== null) ?? null;
}
