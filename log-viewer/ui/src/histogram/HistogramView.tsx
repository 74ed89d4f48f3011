// How many lines there were when, by level. Drag to zoom, click for one bucket.
import { zone } from '@monlight/ui/preferences.ts';
import { counted, exactNumber } from '@monlight/ui/number.ts';
import { go, linkWith, query } from '@monlight/ui/router.ts';
import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';

import { isLive, listKey, momentChanges } from '../filters/address.ts';
import { LEVELS, type Histogram } from '../wire.ts';
import { barsOf, bucketCount, pathOf, timesBetween, type Bar } from './bars.ts';
import { histogram, histogramPoller, openHistogram } from './histogram-model.ts';
import { spanText, ticksOf } from './ticks.ts';
import './histogram.css';

const HEIGHT = 48;

export function HistogramView() {
  const params = query.value;
  useEffect(() => openHistogram(params), [listKey(params)]);
  useEffect(() => {
    // A range that has an end does not change.
    if (!isLive(params)) return;
    histogramPoller.start();
    return () => histogramPoller.stop();
  }, [isLive(params)]);
  const data = histogram.value;
  return <div class="histogram">{data === null ? <div class="bars-place" /> : <Bars data={data} />}</div>;
}

function Bars({ data }: { data: Histogram }) {
  const bars = useMemo(() => barsOf(data), [data]);
  const drag = useSignal<{ from: number; to: number } | null>(null);
  const hover = useSignal<number | null>(null);
  const count = bucketCount(data);
  const take = (a: number, b: number) => {
    const { from, to } = timesBetween(data, a, b);
    go(linkWith(momentChanges(from, to)));
  };
  return (
    <>
      <div
        class="bars-place"
        role="img"
        aria-label={`${counted(data.total, 'line')} between ${spanText(Date.parse(data.from), Date.parse(data.to), zone.value)}`}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          drag.value = { from: placeOf(event), to: placeOf(event) };
        }}
        onPointerMove={(event) => {
          hover.value = placeOf(event);
          if (drag.value) drag.value = { ...drag.value, to: placeOf(event) };
        }}
        onPointerUp={() => {
          if (drag.value) take(drag.value.from, drag.value.to);
          drag.value = null;
        }}
        onPointerCancel={() => (drag.value = null)}
        onPointerLeave={() => (hover.value = null)}
      >
        <svg viewBox={`0 0 ${count} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
          {LEVELS.map((level) => (
            <path key={level} class={`level-${level.toLowerCase()}`} d={pathOf(bars, level, HEIGHT)} />
          ))}
        </svg>
        {bars.length === 0 && <span class="no-bars">No lines in this time</span>}
        {drag.value && <span class="chosen" style={stretch(data, drag.value.from, drag.value.to)} />}
        {!drag.value && hover.value !== null && <span class="chosen pointed" style={stretch(data, hover.value, hover.value)} />}
        {hover.value !== null && <Reading data={data} bars={bars} from={drag.value?.from ?? hover.value} to={hover.value} />}
      </div>
      <div class="ticks" aria-hidden="true">
        {ticksOf(Date.parse(data.from), Date.parse(data.to), zone.value).map(({ place, text }) => (
          <span key={place} style={{ left: `${place * 100}%` }}>
            {text}
          </span>
        ))}
      </div>
    </>
  );
}

/** What is under the pointer, or inside what is being chosen. */
function Reading({ data, bars, from, to }: { data: Histogram; bars: readonly Bar[]; from: number; to: number }) {
  const span = timesBetween(data, from, to);
  const inside = bars.filter((bar) => bar.at >= span.from && bar.at < span.to);
  const counts = LEVELS.toReversed()
    .map((level) => [level, inside.reduce((all, bar) => all + (bar.counts[level] ?? 0), 0)] as const)
    .filter(([, count]) => count > 0);
  return (
    <div class={`reading ${to > 0.5 ? 'left' : ''}`}>
      <span>{spanText(span.from, span.to, zone.value)}</span>
      {counts.map(([level, count]) => (
        <span key={level} class={`level-${level.toLowerCase()}`}>
          <i /> {exactNumber(count)} {level.toLowerCase()}
        </span>
      ))}
      {counts.length === 0 && <span>no lines</span>}
    </div>
  );
}

function placeOf(event: PointerEvent): number {
  const box = (event.currentTarget as Element).getBoundingClientRect();
  return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
}

/** Whole buckets, as they will be chosen. */
function stretch(data: Histogram, a: number, b: number): { left: string; width: string } {
  const { from, to } = timesBetween(data, a, b);
  const whole = bucketCount(data) * data.bucket_ms;
  const start = from - Date.parse(data.from);
  return { left: `${(start / whole) * 100}%`, width: `${((to - from) / whole) * 100}%` };
}
