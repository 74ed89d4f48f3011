// The lines of a panel with their values: at the moment pointed at, else of the whole period.
import type { Signal } from '@preact/signals';

import { asExactText, changeText } from '../units/unit.ts';
import { readingOf, type PanelLine, type PanelView } from './panels.ts';

interface LegendProps {
  view: PanelView;
  hovered: Signal<number | null>;
  compare: boolean;
}

export function Legend({ view, hovered, compare }: LegendProps) {
  const index = hovered.value;
  return (
    <dl class="legend">
      {view.lines.map((line) => {
        const { value, before } = figuresOf(line, index);
        const change = compare ? changeText(value, before) : null;
        return (
          <div key={line.label}>
            <dt>
              <i class="swatch" style={{ background: `var(${line.tone})` }} />
              {line.label}
            </dt>
            <dd title={value === null ? undefined : asExactText(value, view.unit)}>
              {readingOf(line, value, view.unit)}
              {change !== null && <span class="change">{change}</span>}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

function figuresOf(line: PanelLine, index: number | null): { value: number | null; before: number | null } {
  if (index === null) return { value: line.overall, before: line.overallBefore };
  return { value: line.values[index] ?? null, before: line.ghost?.[index] ?? null };
}
