// Draws lines over time with uPlot: one cursor for all charts of a page, drag to zoom, gaps as gaps.
//
// Each line is three series: what came before (a ghost), the buckets that are complete, and the
// dashed end of the one that is still running.
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

import type { Zone } from '../preferences.ts';
import { colourOf, tickText, timeZone } from './axis.ts';
import { cursorOf, hooksOf } from './line-cursor.ts';
import { isolated, topOf, withoutEnd, withoutStart } from './line-shapes.ts';

export interface Line {
  label: string;
  /** The custom property that holds its colour. */
  tone: string;
  values: (number | null)[];
  /** The same of another time, drawn dashed behind it. */
  ghost?: (number | null)[] | undefined;
}

export interface LinesView {
  /** Starts of the buckets, milliseconds, ascending and evenly spaced. */
  times: number[];
  from: number;
  to: number;
  lines: Line[];
  /** The index of the bucket that is still running; past the end when all are complete. */
  runningFrom: number;
  /** A level worth seeing, such as the limit of what is good. */
  limit?: number | undefined;
}

export interface LinesOptions {
  height: number;
  zone: Zone;
  /** False lets the axis follow the values, for what lives far from zero. */
  fromZero: boolean;
  /** The axis reaches at least this far, so that next to nothing looks like next to nothing. */
  atLeast: number;
  format: (value: number) => string;
  onHover: (index: number | null) => void;
  onZoom: (from: number, to: number) => void;
  onReset: () => void;
}

export interface DrawnLines {
  update(view: LinesView): void;
  /** Dims all lines but one; null ends that. */
  focus(index: number | null): void;
  destroy(): void;
}

const PER_LINE = 3;
const CHAR_PX = 6.4;
// Wide enough for most labels, so that charts above one another line up.
const AXIS_PX = 54;

export function drawLines(place: HTMLElement, first: LinesView, options: LinesOptions): DrawnLines {
  let view = first;
  const colour = (name: string) => colourOf(place, name);
  const axis = { stroke: colour('--text-faint'), font: `11px ${getComputedStyle(place).fontFamily}`, ticks: { show: false } };
  const plot = new uPlot(
    {
      width: place.clientWidth,
      height: options.height,
      padding: [8, 18, 0, 0],
      legend: { show: false },
      focus: { alpha: 0.18 },
      cursor: cursorOf(options, (series) => series % PER_LINE !== 1),
      scales: {
        x: { time: true, range: () => [view.from / 1000, view.to / 1000] },
        y: { range: (_plot, low, high) => rangeOf(low, high, view, options) },
      },
      axes: [
        { ...axis, grid: { show: false }, gap: 4, size: 24, space: 64, values: (_plot, splits) => splits.map((at) => tickText(at, splits, options.zone)) },
        {
          ...axis,
          grid: { stroke: colour('--line'), width: 1 },
          gap: 6,
          space: 32,
          size: (_plot, texts) => Math.max(AXIS_PX, ...(texts ?? []).map((text) => text.length * CHAR_PX + 12)),
          values: (_plot, splits) => splits.map(options.format),
        },
      ],
      series: [{}, ...first.lines.flatMap((line) => seriesOf(colour(line.tone)))],
      hooks: { ...hooksOf(options), drawAxes: [(self) => drawLimit(self, view.limit, colour('--text-faint'))] },
      tzDate: timeZone(options.zone, uPlot.tzDate),
    },
    dataOf(view),
    place,
  );
  const observer = new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: options.height }));
  observer.observe(place);
  return {
    update(next) {
      view = next;
      plot.setData(dataOf(view));
    },
    focus: (index) => plot.setSeries(index === null ? null : index * PER_LINE + 2, { focus: true }),
    destroy() {
      observer.disconnect();
      plot.destroy();
    },
  };
}

function seriesOf(stroke: string): uPlot.Series[] {
  const alone: uPlot.Series.Points = { show: false, size: 4, fill: stroke, filter: (self, index) => isolated(self.data[index]!) };
  return [
    { stroke, width: 1, alpha: 0.55, dash: [3, 3], points: { show: false } },
    { stroke, width: 1.5, points: alone },
    { stroke, width: 1.5, dash: [4, 3], points: alone },
  ];
}

function dataOf({ times, lines, runningFrom }: LinesView): uPlot.AlignedData {
  const none = times.map(() => null);
  return [
    times.map((at) => at / 1000),
    ...lines.flatMap(({ values, ghost }) => [ghost ?? none, withoutEnd(values, runningFrom), withoutStart(values, runningFrom)]),
  ];
}

function rangeOf(low: number, high: number, view: LinesView, { fromZero, atLeast }: LinesOptions): uPlot.Range.MinMax {
  if (!fromZero && low !== null && low > 0) return uPlot.rangeNum(low, high, 0.1, true);
  return [Math.min(0, low ?? 0), topOf(high, view.limit, atLeast)];
}

function drawLimit(plot: uPlot, limit: number | undefined, colour: string): void {
  if (limit === undefined) return;
  const y = Math.round(plot.valToPos(limit, 'y', true));
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.setLineDash([2, 4]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}
