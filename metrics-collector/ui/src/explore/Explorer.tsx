// One metric: what is asked of it, its lines, and their figures.
import { ApiError } from '@monlight/ui/api.ts';
import { Failure, Skeleton } from '@monlight/ui/feedback/States.tsx';
import { query } from '@monlight/ui/router.ts';
import { signInNeeded } from '@monlight/ui/session.ts';
import { useEffect } from 'preact/hooks';

import { compares } from '../frame/carried.ts';
import { useLoading } from '../frame/loading.ts';
import { refreshNow } from '../frame/refresh.ts';
import { NothingHere } from '../states/NothingHere.tsx';
import { Controls } from './Controls.tsx';
import { explored, readExplored } from './explored.ts';
import { loadLabels } from './names.ts';
import { asAsked, type Question } from './question.ts';
import { Result } from './Result.tsx';

export function Explorer({ question }: { question: Question }) {
  const params = query.value;
  const key = JSON.stringify([asAsked(question, params), compares(params)]);
  useLoading(explored, key, (signal) => readExplored(question, params, signal));
  useEffect(() => {
    refreshNow.value = () => void explored.again();
    return () => explored.forget();
  }, []);
  useEffect(() => {
    // Filters can be typed without knowing the values.
    loadLabels(question.metric, question.type, question.project).catch(() => undefined);
  }, [question.metric, question.type, question.project]);

  const result = explored.shown.value;
  const fault = explored.fault.value;
  const unknown = fault instanceof ApiError && fault.status === 404;
  // While another metric is on its way, the old one's lines would be under the new one's name.
  const stale = result !== null && result.answer.name !== question.metric;
  const empty = result !== null && (result.answer.series ?? [result.answer]).every((one) => (one.data ?? []).length === 0);
  return (
    <div class="explorer">
      <Controls question={question} type={(!stale && result?.answer.type) || question.type} />
      {unknown && <NothingHere />}
      {fault !== null && !unknown && <Failure what="The metric could not be loaded" error={fault} retry={() => void explored.again()} />}
      {fault === null && (result === null || stale) && !signInNeeded.value && <Skeleton lines={6} />}
      {fault === null && result !== null && !stale && (
        <div class="loaded" aria-busy={explored.busy.value}>
          {empty ? <NothingHere /> : <Result key={`${question.metric} ${question.groupBy}`} explored={result} />}
        </div>
      )}
    </div>
  );
}
