// Fewer, longer buckets, for what is too sparse to be drawn by the minute.
import type { Grid } from '../grid.ts';

/** As many buckets in one as it takes to have no more than `most`. */
export function sizeFor(grid: Grid, most: number): number {
  return Math.max(1, Math.ceil(grid.times.length / most));
}

export function coarserGrid(grid: Grid, size: number): Grid {
  return {
    ...grid,
    times: grid.times.filter((_, at) => at % size === 0),
    step: grid.step * size,
    runningFrom: grid.runningFrom >= grid.times.length ? Math.ceil(grid.times.length / size) : Math.floor(grid.runningFrom / size),
  };
}

/** The median of each run of neighbours: a typical one, and untouched by a single wild minute. */
export function coarserValues(values: readonly (number | null)[], size: number): (number | null)[] {
  if (size === 1) return [...values];
  return Array.from({ length: Math.ceil(values.length / size) }, (_, at) => {
    const run = values.slice(at * size, (at + 1) * size).filter((value) => value !== null);
    return run.sort((a, b) => a - b)[Math.floor((run.length - 1) / 2)] ?? null;
  });
}
