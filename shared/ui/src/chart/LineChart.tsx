// Lines over time whose drawing code is only fetched when a chart is first shown.
import type { Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

import { theme, zone } from '../preferences.ts';
import type { DrawnLines, LinesView } from './lines.ts';
import './chart.css';

export interface LineChartProps {
  view: LinesView;
  /** Said to those who cannot see it. */
  summary: string;
  height?: number;
  fromZero?: boolean;
  atLeast?: number;
  format: (value: number) => string;
  /** The bucket under the cursor of any chart of the page. */
  hovered: Signal<number | null>;
  /** The line to bring forward. */
  focused?: Signal<number | null>;
  onZoom: (from: number, to: number) => void;
  onReset: () => void;
}

export function LineChart(props: LineChartProps) {
  const { view, summary, height = 200, fromZero = true, atLeast = 0, hovered, focused } = props;
  const place = useRef<HTMLDivElement>(null);
  const drawn = useRef<DrawnLines | null>(null);
  const latest = useRef(props);
  latest.current = props;
  // Another set of lines is another chart; other values of the same lines are not.
  const kind = JSON.stringify([view.lines.map(({ label, tone }) => [label, tone]), fromZero, atLeast, height]);

  useEffect(() => {
    let gone = false;
    void import('./lines.ts').then(({ drawLines }) => {
      if (gone || !place.current) return;
      drawn.current = drawLines(place.current, latest.current.view, {
        height,
        zone: zone.value,
        fromZero,
        atLeast,
        format: (value) => latest.current.format(value),
        onHover: (index) => (hovered.value = index),
        onZoom: (from, to) => latest.current.onZoom(from, to),
        onReset: () => latest.current.onReset(),
      });
    });
    return () => {
      gone = true;
      drawn.current?.destroy();
      drawn.current = null;
    };
    // The colours are read when drawing, so a change of theme draws again.
  }, [kind, theme.value, zone.value]);

  useEffect(() => drawn.current?.update(view), [view]);
  useEffect(() => drawn.current?.focus(focused?.value ?? null), [focused?.value]);

  return <div ref={place} class="chart lines" style={{ height: `${height}px` }} role="img" aria-label={summary} />;
}
