// How many samples stand behind each value: a p99 of five says little.
import { LineChart } from '@monlight/ui/chart/LineChart.tsx';
import { exactNumber, shortNumber } from '@monlight/ui/number.ts';
import type { Signal } from '@preact/signals';
import { useMemo } from 'preact/hooks';

import { place, type Grid } from '../grid.ts';
import { leaveZoom, zoomTo } from '../range/actions.ts';
import type { MetricAnswer } from '../wire.ts';

const HEIGHT = 96;

export function SamplesChart({ answer, grid, hovered }: { answer: MetricAnswer; grid: Grid; hovered: Signal<number | null> }) {
  const view = useMemo(() => {
    const counts = new Map<string, number>();
    for (const { data } of answer.series ?? [{ data: answer.data ?? [] }]) {
      for (const { bucket, count } of data) counts.set(bucket, (counts.get(bucket) ?? 0) + count);
    }
    const rows = [...counts].map(([bucket, count]) => ({ bucket, count }));
    const values = place(grid, rows, ({ count }) => count, answer.type === 'histogram' ? 'zero' : 'gap');
    return { ...grid, lines: [{ label: 'Samples', tone: '--series-10', values }] };
  }, [answer, grid]);
  const count = hovered.value === null ? null : (view.lines[0]?.values[hovered.value] ?? null);
  return (
    <>
      <header class="samples-head">
        <h3>Samples per {answer.resolution}</h3>
        {count !== null && <span class="moment-read now">{exactNumber(count)}</span>}
      </header>
      <LineChart
        view={view}
        summary={`Samples of ${answer.name} over time`}
        height={HEIGHT}
        format={shortNumber}
        hovered={hovered}
        onZoom={zoomTo}
        onReset={leaveZoom}
      />
    </>
  );
}
