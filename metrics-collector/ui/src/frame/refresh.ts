// How often a page asks again. A range that ended does not change, so there the default is off.
import { query } from '@monlight/ui/router.ts';
import { computed, signal } from '@preact/signals';

import { rangeOf } from '../range/range.ts';

export const INTERVALS = [
  ['off', 'Off', null],
  ['10s', '10 s', 10_000],
  ['30s', '30 s', 30_000],
  ['1m', '1 min', 60_000],
] as const;
export type Interval = (typeof INTERVALS)[number][0];

export function defaultInterval(params: URLSearchParams): Interval {
  return 'period' in rangeOf(params) ? '30s' : 'off';
}

export function intervalOf(params: URLSearchParams): Interval {
  const wanted = params.get('refresh');
  return INTERVALS.find(([name]) => name === wanted)?.[0] ?? defaultInterval(params);
}

export const refreshEveryMs = computed(() => INTERVALS.find(([name]) => name === intervalOf(query.value))?.[2] ?? null);

/** What the page does when asked to load again now. */
export const refreshNow = signal<() => void>(() => undefined);
