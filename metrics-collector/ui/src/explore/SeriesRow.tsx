// One series of the table. A click draws it alone, another one all again.
import { exactNumber } from '@monlight/ui/number.ts';

import { changeText, type Unit } from '../units/unit.ts';
import { Value } from '../units/Value.tsx';
import type { MetricType } from '../wire.ts';
import { latestOf } from '../grid.ts';
import type { ExploredSeries } from './series.ts';

export interface SeriesRowProps {
  series: ExploredSeries;
  /** Null for a series that is not drawn. */
  tone: string | null;
  index: number | null;
  units: { value: Unit; mean: Unit; sum: Unit };
  type: MetricType;
  compare: boolean;
  alone: boolean;
  onPoint: () => void;
  onChoose: () => void;
}

export function SeriesRow({ series, tone, index, units, type, compare, alone, onPoint, onChoose }: SeriesRowProps) {
  const value = index === null ? series.latest : (series.values[index] ?? null);
  const ghost = series.ghost ?? [];
  const before = index === null ? latestOf(ghost, ghost.length) : (ghost[index] ?? null);
  return (
    <tr class={alone ? 'alone' : ''} onMouseEnter={onPoint}>
      <td class="name">
        <button aria-pressed={alone} title={`${series.label}\nClick to draw it alone, or all again`} onClick={onChoose} onFocus={onPoint}>
          <i class="swatch" style={{ background: tone === null ? 'none' : `var(${tone})` }} />
          <span>{series.label}</span>
        </button>
      </td>
      <td class="now">
        <Value value={value} unit={units.value} />
      </td>
      {compare && <td>{changeText(value, before) ?? <span class="muted">–</span>}</td>}
      <td>
        <Value value={series.lowest} unit={units.value} />
      </td>
      <td>
        <Value value={series.highest} unit={units.value} />
      </td>
      <td>
        <Value value={series.mean} unit={units.mean} />
      </td>
      <td>{type === 'counter' ? <Value value={series.sum} unit={units.sum} /> : exactNumber(series.samples)}</td>
    </tr>
  );
}
