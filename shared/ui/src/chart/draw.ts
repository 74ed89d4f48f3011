// Draws counts over time with uPlot: bars, a cursor that reads values, drag to zoom.
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

import type { Zone } from '../preferences.ts';
import { absoluteTime, DAY, dateText } from '../time.ts';
import { exactNumber, shortNumber } from '../number.ts';
import { colourOf, tickText, timeZone } from './axis.ts';
import { xRange } from './x-range.ts';

export interface Series {
  /** Starts of the buckets, milliseconds, ascending and evenly spaced. */
  times: number[];
  values: (number | null)[];
  /** What is counted, such as "report". */
  unit: string;
}

export interface Drawn {
  destroy(): void;
}

const MAX_BAR_PX = 18;

export function draw(place: HTMLElement, series: Series, height: number, zone: Zone): Drawn {
  const colour = (name: string) => colourOf(place, name);
  const reading = document.createElement('div');
  reading.className = 'chart-reading';
  const step = (series.times[1] ?? 0) - (series.times[0] ?? 0);
  const last = series.times.at(-1) ?? 0;
  const axis = {
    stroke: colour('--text-faint'),
    font: `11px ${getComputedStyle(place).fontFamily}`,
    ticks: { show: false },
  };

  const plot = new uPlot(
    {
      width: place.clientWidth,
      height,
      padding: [8, 20, 0, 4],
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: true } },
      scales: {
        x: { time: true, range: (_plot, low, high) => xRange(low, high, last / 1000, step / 1000) },
        y: { range: (_plot, _low, high) => [0, Math.max(high * 1.1, 1)] },
      },
      axes: [
        { ...axis, grid: { show: false }, gap: 4, size: 24, values: (_plot, splits) => splits.map((at) => tickText(at, splits, zone)) },
        {
          ...axis,
          grid: { stroke: colour('--line'), width: 1 },
          size: 44,
          space: 30,
          incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6, 1e7],
          values: (_plot, splits) => splits.map(shortNumber),
        },
      ],
      series: [
        {},
        {
          fill: colour('--chart-bar'),
          width: 0,
          points: { show: false },
          paths: uPlot.paths.bars!({ size: [0.8, MAX_BAR_PX], align: 1 }),
        },
      ],
      hooks: { setCursor: [showReading] },
      tzDate: timeZone(zone, uPlot.tzDate),
    },
    [series.times.map((at) => at / 1000), series.values],
    place,
  );
  place.append(reading);

  function showReading(self: uPlot): void {
    const index = self.cursor.idx;
    const at = typeof index === 'number' ? series.times[index] : undefined;
    reading.hidden = at === undefined;
    if (at === undefined) return;
    const value = series.values[index as number] ?? 0;
    const when = step >= DAY ? `${dateText(at, at, zone)}` : absoluteTime(at, zone).slice(0, 16);
    reading.textContent = `${when}  ${exactNumber(value)} ${series.unit}${value === 1 ? '' : 's'}`;
  }

  const observer = new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height }));
  observer.observe(place);
  return {
    destroy() {
      observer.disconnect();
      plot.destroy();
      reading.remove();
    },
  };
}
