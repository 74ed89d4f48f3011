// The legend as a table: each series with its value at the moment pointed at, and its figures.
import { exactNumber } from '@monlight/ui/number.ts';
import { useSignal, type Signal } from '@preact/signals';

import { unitOfMetric } from '../units/unit.ts';
import type { MetricType } from '../wire.ts';
import { MOST_LINES, type ExploredSeries } from './series.ts';
import { SeriesRow } from './SeriesRow.tsx';
import { unitOf, type Stat } from './stats.ts';

// More rows than this nobody reads; filters lead further.
const MOST_ROWS = 500;

export interface SeriesTableProps {
  series: ExploredSeries[];
  type: MetricType;
  name: string;
  stat: Stat;
  hovered: Signal<number | null>;
  focused: Signal<number | null>;
  /** The one series that is drawn alone. */
  only: Signal<string | null>;
  tones: (label: string) => string;
  compare: boolean;
}

export function SeriesTable({ series, type, name, stat, hovered, focused, only, tones, compare }: SeriesTableProps) {
  const all = useSignal(false);
  const rows = series.slice(0, all.value ? MOST_ROWS : MOST_LINES);
  const own = unitOfMetric(name);
  const meanUnit = type === 'counter' ? unitOf(name, type, 'rate') : own;
  return (
    <>
      <table class="figures series">
        <thead>
          <tr>
            <th class="name">Series</th>
            <th>{hovered.value === null ? 'Latest' : 'Then'}</th>
            {compare && <th>Change</th>}
            <th>Lowest</th>
            <th>Highest</th>
            <th>Mean</th>
            <th>{type === 'counter' ? 'Increase' : 'Samples'}</th>
          </tr>
        </thead>
        <tbody onMouseLeave={() => (focused.value = null)}>
          {rows.map((one, at) => (
            <SeriesRow
              key={one.label}
              series={one}
              tone={at < MOST_LINES || only.value === one.label ? tones(one.label) : null}
              index={hovered.value}
              units={{ value: unitOf(name, type, stat), mean: meanUnit, sum: own }}
              type={type}
              compare={compare}
              alone={only.value === one.label}
              onPoint={() => (focused.value = at < MOST_LINES && only.value === null ? at : null)}
              onChoose={() => {
                focused.value = null;
                only.value = only.value === one.label ? null : one.label;
              }}
            />
          ))}
        </tbody>
      </table>
      {rows.length < series.length && (
        <p class="more">
          {exactNumber(rows.length)} of {exactNumber(series.length)} shown
          {!all.value && (
            <>
              {' · '}
              <button class="link-button" onClick={() => (all.value = true)}>
                Show {series.length > MOST_ROWS ? exactNumber(MOST_ROWS) : 'all'}
              </button>
            </>
          )}
        </p>
      )}
    </>
  );
}
