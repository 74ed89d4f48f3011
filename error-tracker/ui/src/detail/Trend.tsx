// How often it was reported: the hours of the last week, or the days as far as they are kept.
import { Chart } from '@monlight/ui/chart/Chart.tsx';
import { Failure } from '@monlight/ui/feedback/States.tsx';
import { Tabs } from '@monlight/ui/filters/Tabs.tsx';
import { counted } from '@monlight/ui/number.ts';
import { linkWith, query } from '@monlight/ui/router.ts';
import { useMemo } from 'preact/hooks';

import { about } from '../about.ts';
import type { DetailModel } from './detail-model.ts';
import { daySeries, hourSeries } from './series.ts';

const DEFAULT_DAYS = 90;

export function Trend({ model }: { model: DetailModel }) {
  const byDay = query.value.get('trend') === 'days';
  const timeline = model.timeline.value;
  const days = about.value?.retention_days ?? DEFAULT_DAYS;
  const series = useMemo(() => {
    if (!timeline) return null;
    return byDay ? daySeries(timeline.days, Date.now(), days) : hourSeries(timeline.hours, Date.now());
  }, [timeline, byDay, days]);

  if (model.timelineFault.value !== null) {
    return <Failure what="The trend could not be loaded" error={model.timelineFault.value} retry={() => void model.loadTimeline()} />;
  }
  const total = series?.values.reduce((sum, value) => sum + value, 0) ?? 0;
  const span = byDay ? `the last ${days} days` : 'the last 7 days';
  return (
    <section class="trend">
      <header>
        <h2>
          {series ? counted(total, 'report') : 'Reports'} <span class="muted">in {span}</span>
        </h2>
        <Tabs
          label="Trend"
          tabs={[
            { label: '7 days', address: linkWith({ trend: null }), current: !byDay },
            { label: `${days} days`, address: linkWith({ trend: 'days' }), current: byDay },
          ]}
        />
      </header>
      <div class="trend-place">
        {series && <Chart times={series.times} values={series.values} unit="report" summary={`${counted(total, 'report')} in ${span}`} />}
      </div>
    </section>
  );
}
