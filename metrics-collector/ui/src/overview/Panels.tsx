// The four large panels, one question each.
import { query } from '@monlight/ui/router.ts';
import { useMemo } from 'preact/hooks';

import { compares, linkCarrying } from '../frame/carried.ts';
import { Panel } from './Panel.tsx';
import { errorView, gridOfAnswers, latencyView, rateView, vitalsView, type Answers } from './panels.ts';

const ERROR_AXIS = 0.01;

export function Panels({ answers }: { answers: Answers }) {
  const compare = compares(query.value);
  const views = useMemo(() => {
    const grid = gridOfAnswers(answers);
    return {
      rate: rateView(answers, compare, grid),
      errors: errorView(answers, compare, grid),
      latency: latencyView(answers, compare, grid),
      vitals: vitalsView(answers, compare, grid),
    };
  }, [answers, compare]);
  const requests = linkCarrying({ metric: 'http_requests_total', type: 'counter' }, 'explore');
  const duration = linkCarrying({ metric: 'http_request_duration_seconds', type: 'histogram' }, 'explore');
  return (
    <div class="panels">
      <Panel title="Request rate" view={views.rate} explore={requests} missing="http_requests_total" />
      <Panel title="Error rate" view={views.errors} atLeast={ERROR_AXIS} explore={requests} missing="http_requests_total" />
      <Panel title="Latency" view={views.latency} explore={duration} missing="http_request_duration_seconds" />
      <Panel title="Web Vitals" note="100 % is the limit of good" view={views.vitals} missing="web_vitals_lcp, _inp and _cls" />
    </div>
  );
}
