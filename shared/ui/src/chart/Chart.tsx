// A chart whose drawing code is only fetched when a chart is first shown.
import { useEffect, useRef } from 'preact/hooks';

import { theme, zone } from '../preferences.ts';
import type { Drawn, Series } from './draw.ts';
import './chart.css';

export interface ChartProps extends Series {
  /** Said to those who cannot see it. */
  summary: string;
  height?: number;
}

export function Chart({ summary, height = 132, ...series }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);

  useEffect(() => {
    let drawn: Drawn | undefined;
    let gone = false;
    void import('./draw.ts').then(({ draw }) => {
      if (!gone && place.current) drawn = draw(place.current, series, height, zone.value);
    });
    return () => {
      gone = true;
      drawn?.destroy();
    };
    // The colours are read when drawing, so a change of theme draws again.
  }, [series.times, series.values, theme.value, zone.value]);

  return <div ref={place} class={`chart ${height > 100 ? 'tall' : ''}`} role="img" aria-label={summary} />;
}
