// The overview's answers: this period, and the one before it to compare with.
import { createLoading } from '../frame/loading.ts';
import { gridOf, shiftOf } from '../grid.ts';
import { listMetrics, readDashboard } from '../metrics-api.ts';
import { asQuery, rangeOf } from '../range/range.ts';
import type { Dashboard } from '../wire.ts';
import type { Answers } from './panels.ts';

export interface Overview extends Answers {
  /** True when no project has ever sent a point. */
  nothingEver: boolean;
}

export const overview = createLoading<Overview>();

// The past changes little: it is not asked for again at every refresh.
const KEPT_MS = 300_000;
let kept: { key: string; at: number; before: Dashboard } | null = null;

export function forgetEarlier(): void {
  kept = null;
}

export async function readOverview(params: URLSearchParams, signal: AbortSignal): Promise<Overview> {
  const project = params.get('project');
  const range = rangeOf(params);
  const now = await readDashboard({ ...asQuery(range), project }, signal);
  const at = 'period' in range ? Date.parse(now.to) : Date.now();
  if (now.summary.total_datapoints === 0) {
    const nothingEver = (await listMetrics(null, signal)).length === 0;
    return { now, before: null, at, nothingEver };
  }
  return { now, before: await readEarlier(now, at, project, signal), at, nothingEver: false };
}

/** Null when it cannot be had: the page is worth showing without it. */
async function readEarlier(now: Dashboard, at: number, project: string | null, signal: AbortSignal): Promise<Dashboard | null> {
  const key = JSON.stringify([now.period ?? [now.from, now.to], project]);
  if (kept?.key === key && at - kept.at < KEPT_MS) return kept.before;
  const shift = shiftOf(gridOf(now, at));
  const earlier = (time: string) => new Date(Date.parse(time) - shift).toISOString();
  try {
    const before = await readDashboard({ since: earlier(now.from), until: earlier(now.to), project }, signal);
    kept = { key, at, before };
    return before;
  } catch {
    signal.throwIfAborted();
    return null;
  }
}
