// One question, answered by a chart and by the figures of its legend.
import { LineChart } from '@monlight/ui/chart/LineChart.tsx';
import { query } from '@monlight/ui/router.ts';
import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';

import { compares } from '../frame/carried.ts';
import { leaveZoom, zoomTo } from '../range/actions.ts';
import { asText } from '../units/unit.ts';
import { Legend } from './Legend.tsx';
import { Moment } from './Moment.tsx';
import { asLines, readingOf, type PanelView } from './panels.ts';

export interface PanelProps {
  title: string;
  note?: string;
  view: PanelView;
  atLeast?: number;
  /** Where to look closer. */
  explore?: string;
  /** The metrics this is drawn from, for when there are none. */
  missing: string;
}

export function Panel({ title, note, view, atLeast = 0, explore, missing }: PanelProps) {
  const hovered = useSignal<number | null>(null);
  const lines = useMemo(() => asLines(view), [view]);
  return (
    <section class="panel">
      <header>
        <h2>{explore ? <a href={explore}>{title}</a> : title}</h2>
        {note && !view.empty && <span class="panel-note">{note}</span>}
        {!view.empty && <Moment grid={view.grid} hovered={hovered} otherwise={view.overallWords} />}
      </header>
      {view.empty ? (
        <p class="panel-empty">
          Nothing from <code>{missing}</code> in this range.
        </p>
      ) : (
        <>
          <Legend view={view} hovered={hovered} compare={compares(query.value)} />
          <LineChart
            view={lines}
            summary={`${title} over time, ${view.overallWords}: ${inWords(view)}`}
            atLeast={atLeast}
            format={(value) => asText(value, view.unit)}
            hovered={hovered}
            onZoom={zoomTo}
            onReset={leaveZoom}
          />
        </>
      )}
    </section>
  );
}

function inWords(view: PanelView): string {
  return view.lines.map((line) => `${line.label} ${readingOf(line, line.overall, view.unit)}`).join(', ');
}
