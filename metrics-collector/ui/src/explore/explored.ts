// The explorer's answers: the chosen metric in this period and, when compared, in the one before.
import { ApiError } from '@monlight/ui/api.ts';

import { about } from '../about.ts';
import { createLoading } from '../frame/loading.ts';
import { compares } from '../frame/carried.ts';
import { gridOf, shiftOf, type Grid } from '../grid.ts';
import { readMetric, type Asked } from '../metrics-api.ts';
import type { MetricAnswer, Resolution } from '../wire.ts';
import { asAsked, type Question } from './question.ts';

export interface Explored {
  answer: MetricAnswer;
  earlier: MetricAnswer | null;
  grid: Grid;
}

export const explored = createLoading<Explored>();

const DEFAULT_MINUTE_S = 86_400;

export async function readExplored(question: Question, params: URLSearchParams, signal: AbortSignal): Promise<Explored> {
  const asked = asAsked(question, params);
  const answer = await readFitting(asked, signal);
  const grid = gridOf(answer, answer.period === null ? Date.now() : Date.parse(answer.to));
  const earlier = compares(params) ? await readEarlier(asked, answer, grid, signal) : null;
  return { answer, earlier, grid };
}

/** Too many rows at a minute each may still fit at an hour each, and that shows more than a refusal. */
async function readFitting(asked: Asked, signal: AbortSignal): Promise<MetricAnswer> {
  try {
    return await readMetric(asked, signal);
  } catch (error) {
    const tooMany = error instanceof ApiError && error.status === 400 && asked['group_by'] !== '' && asked['resolution'] === null;
    if (!tooMany) throw error;
    return readMetric({ ...asked, resolution: 'hour' }, signal);
  }
}

function readEarlier(asked: Asked, answer: MetricAnswer, grid: Grid, signal: AbortSignal): Promise<MetricAnswer> {
  const shift = shiftOf(grid);
  const [from, to] = [grid.from - shift, grid.to - shift];
  return readMetric(
    {
      ...asked,
      period: null,
      since: new Date(from).toISOString(),
      until: new Date(to).toISOString(),
      resolution: resolutionAt(from, answer.resolution),
    },
    signal,
  );
}

/** Of a time that lies further back than minutes are kept, only hours are left. */
function resolutionAt(from: number, wanted: Resolution): Resolution {
  const keptMs = (about.value?.retention.minute_s ?? DEFAULT_MINUTE_S) * 1000;
  return from < Date.now() - keptMs ? 'hour' : wanted;
}
