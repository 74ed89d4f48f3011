// How much there is, out of how much there may be, and what the charts are drawn from.
import { counted, exactNumber, shortNumber } from '@monlight/ui/number.ts';

import { tierText } from '../tier.ts';
import type { Dashboard } from '../wire.ts';

export function SummaryLine({ dashboard }: { dashboard: Dashboard }) {
  const { summary, cardinality, resolution } = dashboard;
  return (
    <>
      <p class="summary-line">
        <span title={counted(summary.total_datapoints, 'data point')}>
          {shortNumber(summary.total_datapoints)} data {summary.total_datapoints === 1 ? 'point' : 'points'}
        </span>
        <span>{counted(summary.distinct_metrics, 'metric')}</span>
        <span title={`${exactNumber(cardinality.series)} series of at most ${exactNumber(cardinality.limit)}`}>
          {exactNumber(cardinality.series)} of {exactNumber(cardinality.limit)} series
        </span>
        <span>{tierText(resolution, 'sketch')}</span>
      </p>
      {cardinality.overflowing && (
        <p class="overflow" role="status">
          The limit of {exactNumber(cardinality.limit)} series has been reached: points of new label sets are counted together under{' '}
          <code>overflow:true</code>. A label with a value for each user or request is the usual cause; <code>MAX_SERIES</code> sets the limit.
        </p>
      )}
    </>
  );
}
