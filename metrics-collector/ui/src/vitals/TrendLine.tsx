// The p75 of one vital over time with its two limits, as plain SVG.
import { coarserValues } from '../overview/coarser.ts';
import { vitalText, type VitalKind } from './vitals.ts';

const WIDTH = 240;
const HEIGHT = 48;
const MOST_POINTS = 60;

export function TrendLine({ kind, values }: { kind: VitalKind; values: (number | null)[] }) {
  const points = coarserValues(values, Math.max(1, Math.ceil(values.length / MOST_POINTS)));
  const present = points.filter((value) => value !== null);
  if (present.length < 2) return <div class="trend-line none" />;
  const [good, poor] = kind.limits;
  const top = Math.max(good * 1.3, Math.max(...present) * 1.1);
  const y = (value: number) => HEIGHT - (value / top) * HEIGHT;
  const x = (at: number) => (at / Math.max(1, points.length - 1)) * WIDTH;
  const summary = `p75 over time, from ${vitalText(kind, Math.min(...present))} to ${vitalText(kind, Math.max(...present))}`;
  return (
    <svg class="trend-line" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={summary}>
      <title>{summary}</title>
      <path class="limit good" d={`M0 ${y(good)}H${WIDTH}`} />
      {poor <= top && <path class="limit poor" d={`M0 ${y(poor)}H${WIDTH}`} />}
      <path class="values" d={strokeOf(points, x, y)} />
    </svg>
  );
}

/** A gap ends the stroke; a point alone is a short dash. */
function strokeOf(points: (number | null)[], x: (at: number) => number, y: (value: number) => number): string {
  return points
    .map((value, at) => {
      if (value === null) return '';
      const starts = (points[at - 1] ?? null) === null;
      const alone = starts && (points[at + 1] ?? null) === null;
      return `${starts ? 'M' : 'L'}${x(at).toFixed(1)} ${y(value).toFixed(1)}${alone ? 'h2' : ''}`;
    })
    .join('');
}
