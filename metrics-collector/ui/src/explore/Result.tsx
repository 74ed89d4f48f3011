// The lines of a metric, how many samples stand behind them, and their figures.
import { LineChart } from '@monlight/ui/chart/LineChart.tsx';
import { exactNumber } from '@monlight/ui/number.ts';
import { query } from '@monlight/ui/router.ts';
import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';

import { compares } from '../frame/carried.ts';
import { Moment } from '../overview/Moment.tsx';
import { leaveZoom, zoomTo } from '../range/actions.ts';
import { tierText } from '../tier.ts';
import { asText } from '../units/unit.ts';
import type { Explored } from './explored.ts';
import { exploredSeries, MOST_LINES } from './series.ts';
import { SamplesChart } from './SamplesChart.tsx';
import { SeriesTable } from './SeriesTable.tsx';
import { isPercentile, STAT_WORDS, statOf, unitOf } from './stats.ts';
import { createTones } from './tones.ts';

const HEIGHT = 320;

export function Result({ explored: { answer, earlier, grid } }: { explored: Explored }) {
  const stat = statOf(answer.type, query.value.get('stat'));
  const unit = unitOf(answer.name, answer.type, stat);
  const hovered = useSignal<number | null>(null);
  const focused = useSignal<number | null>(null);
  const only = useSignal<string | null>(null);
  const tones = useMemo(createTones, []);
  const series = useMemo(() => exploredSeries(answer, grid, stat, earlier), [answer, earlier, grid, stat]);
  const drawn = useMemo(() => {
    const chosen = series.filter(({ label }) => label === only.value);
    return chosen.length > 0 ? chosen : series.slice(0, MOST_LINES);
  }, [series, only.value]);
  const view = useMemo(
    () => ({ ...grid, lines: drawn.map(({ label, values, ghost }) => ({ label, values, ghost, tone: tones(label) })) }),
    [drawn],
  );
  const precision = isPercentile(stat) ? (drawn.every(({ exact }) => exact) ? 'exact' : 'sketch') : 'no percentiles';
  return (
    <>
      <section class="panel explore-panel">
        <header>
          <h3>{STAT_WORDS[stat]}</h3>
          <span class="panel-note">
            {tierText(answer.resolution, precision)}
            {series.length > MOST_LINES && only.value === null && ` · ${MOST_LINES} of ${exactNumber(series.length)} shown, the largest`}
          </span>
          <Moment grid={grid} hovered={hovered} otherwise="latest" />
        </header>
        <LineChart
          view={view}
          summary={`${STAT_WORDS[stat]} of ${answer.name} over time`}
          height={HEIGHT}
          fromZero={answer.type !== 'gauge'}
          format={(value) => asText(value, unit)}
          hovered={hovered}
          focused={focused}
          onZoom={zoomTo}
          onReset={leaveZoom}
        />
        {answer.type !== 'counter' && <SamplesChart answer={answer} grid={grid} hovered={hovered} />}
      </section>
      <SeriesTable
        series={series}
        type={answer.type}
        name={answer.name}
        stat={stat}
        hovered={hovered}
        focused={focused}
        only={only}
        tones={tones}
        compare={earlier !== null && compares(query.value)}
      />
    </>
  );
}
