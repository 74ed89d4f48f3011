// The answer of the service as lines: one per label set, the largest first.
import { latestOf, place, placeEarlier, shiftOf, STEP_MS, type Grid } from '../grid.ts';
import type { Bucket, Labelled, MetricAnswer } from '../wire.ts';
import { fillingOf, isAdditive, valueOf, type Stat } from './stats.ts';

/** More lines than this are a carpet. */
export const MOST_LINES = 20;

export interface ExploredSeries {
  label: string;
  labels: Record<string, string>;
  values: (number | null)[];
  ghost: (number | null)[] | undefined;
  latest: number | null;
  lowest: number | null;
  highest: number | null;
  /** Of all values that came in, not of the buckets. */
  mean: number | null;
  samples: number;
  sum: number;
  /** False when a percentile among the values comes from a sketch. */
  exact: boolean;
}

export function exploredSeries(answer: MetricAnswer, grid: Grid, stat: Stat, earlier: MetricAnswer | null): ExploredSeries[] {
  const before = new Map(earlier ? labelled(earlier).map((one) => [labelOf(one.labels), one.data]) : []);
  return labelled(answer)
    .map(({ labels, data }) => one(labels, data))
    .sort((a, b) => weightOf(b, answer, stat) - weightOf(a, answer, stat) || a.label.localeCompare(b.label));

  function one(labels: Record<string, string>, data: Bucket[]): ExploredSeries {
    const label = labelOf(labels) || answer.name;
    const filling = fillingOf(stat, answer.type);
    const values = place(grid, data, (row) => valueOf(stat, answer.type, row, secondsPassed(grid, row)), filling);
    const present = values.filter((value) => value !== null);
    const samples = data.reduce((total, row) => total + row.count, 0);
    const sum = data.reduce((total, row) => total + row.sum, 0);
    return {
      label,
      labels,
      values,
      ghost: earlier ? ghostOf(before.get(labelOf(labels)) ?? [], earlier) : undefined,
      latest: latestOf(values, grid.runningFrom),
      lowest: present.length === 0 ? null : present.reduce((a, b) => Math.min(a, b)),
      highest: present.length === 0 ? null : present.reduce((a, b) => Math.max(a, b)),
      mean: answer.type === 'counter' ? (sum / (grid.to - grid.from)) * 1000 : samples === 0 ? null : sum / samples,
      samples,
      sum,
      exact: data.every((row) => row.exact),
    };
  }

  function ghostOf(data: Bucket[], { resolution, type }: MetricAnswer): (number | null)[] {
    const step = STEP_MS[resolution];
    // An hour's sum beside minutes' sums is shown as what it was per minute.
    const scale = isAdditive(stat) ? grid.step / step : 1;
    const scaled = (row: Bucket) => {
      const value = valueOf(stat, type, row, step / 1000);
      return value === null ? null : value * scale;
    };
    return placeEarlier(grid, data, { resolution, shift: shiftOf(grid) }, scaled, fillingOf(stat, type));
  }
}

/** "shop-1" for one label, "GET, /cart" for several; empty for a series of everything. */
export function labelOf(labels: Record<string, string>): string {
  return Object.values(labels).map((value) => value || '—').join(', ');
}

function labelled(answer: MetricAnswer): Labelled[] {
  return answer.series ?? [{ labels: {}, data: answer.data ?? [] }];
}

function secondsPassed(grid: Grid, row: Bucket): number {
  const start = Date.parse(row.bucket);
  const running = start >= (grid.times[grid.runningFrom] ?? Infinity);
  return (running ? Math.max(1000, Math.min(grid.step, grid.to - start)) : grid.step) / 1000;
}

/** What the largest are chosen by; nobody reads this number. */
function weightOf(series: ExploredSeries, answer: MetricAnswer, stat: Stat): number {
  if (answer.type === 'counter') return series.sum;
  if (answer.type === 'histogram' && (stat === 'rate' || stat === 'count')) return series.samples;
  const present = series.values.filter((value) => value !== null);
  return present.reduce((total, value) => total + value, 0) / Math.max(1, present.length);
}
