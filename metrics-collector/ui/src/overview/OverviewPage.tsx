// The first look: is traffic normal, does it fail, is it slow, how do the pages feel.
import { lazy } from '@monlight/ui/feedback/Lazy.tsx';
import { Failure, Skeleton } from '@monlight/ui/feedback/States.tsx';
import { useKeys } from '@monlight/ui/keyboard.ts';
import { query } from '@monlight/ui/router.ts';
import { signInNeeded } from '@monlight/ui/session.ts';
import { useEffect } from 'preact/hooks';

import { searchFromElsewhere } from '../explore/searching.ts';
import { PageBar } from '../frame/PageBar.tsx';
import { useLoading } from '../frame/loading.ts';
import { refreshNow } from '../frame/refresh.ts';
import { NothingHere } from '../states/NothingHere.tsx';
import { VitalsSection } from '../vitals/VitalsSection.tsx';
import { overview, readOverview } from './dashboard.ts';
import { EndpointTable } from './EndpointTable.tsx';
import { Panels } from './Panels.tsx';
import { SummaryLine } from './SummaryLine.tsx';
import { TopMetrics } from './TopMetrics.tsx';
import './overview.css';

// Seen once in the life of an installation.
const { Lazy: FirstPoint } = lazy(() => import('../states/FirstPoint.tsx').then((module) => module.FirstPoint));

export function OverviewPage() {
  useKeys([{ keys: ['/'], label: 'Search a metric', run: searchFromElsewhere }]);
  const params = query.value;
  const key = JSON.stringify(['project', 'period', 'since', 'until'].map((name) => params.get(name)));
  useLoading(overview, key, (signal) => readOverview(params, signal));
  useEffect(() => {
    document.title = 'Metrics · Monlight';
    refreshNow.value = () => void overview.again();
  }, []);

  const answers = overview.shown.value;
  const fault = overview.fault.value;
  if (answers?.nothingEver && fault === null) return <FirstPoint />;
  return (
    <>
      <h1 class="visually-hidden">Metrics</h1>
      <PageBar>{answers && fault === null && <SummaryLine dashboard={answers.now} />}</PageBar>
      {fault !== null && <Failure what="The overview could not be loaded" error={fault} retry={() => void overview.again()} />}
      {fault === null && !answers && !signInNeeded.value && <Skeleton lines={10} />}
      {fault === null && answers && (
        <div class="loaded" aria-busy={overview.busy.value}>
          {answers.now.summary.total_datapoints === 0 ? (
            <NothingHere />
          ) : (
            <>
              <Panels answers={answers} />
              <div class="side-by-side">
                <EndpointTable endpoints={answers.now.requests.endpoints} />
                <TopMetrics metrics={answers.now.top_metrics} />
              </div>
              <VitalsSection answers={answers} />
            </>
          )}
        </div>
      )}
    </>
  );
}
