// A row of small bars. Plain SVG, one path, so that fifty of them cost little.
import { counted } from '../number.ts';
import './chart.css';

const BAR = 4;
const HEIGHT = 24;

export function Sparkline({ values, unit, span }: { values: readonly number[]; unit: string; span: string }) {
  const most = Math.max(0, ...values);
  const total = values.reduce((sum, value) => sum + value, 0);
  const text = total === 0 ? `No ${unit}s in ${span}` : `${counted(total, unit)} in ${span}, at most ${counted(most, unit)} an hour`;
  return (
    <svg class="sparkline" viewBox={`0 0 ${values.length * BAR} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={text}>
      <title>{text}</title>
      <path class="base" d={`M0 ${HEIGHT - 0.5}H${values.length * BAR}`} />
      <path class="bars" d={barsOf(values, most)} />
    </svg>
  );
}

/** One closed shape per bar that is not empty; the smallest is still visible. */
export function barsOf(values: readonly number[], most: number): string {
  return values
    .map((value, index) => {
      if (value <= 0) return '';
      const height = Math.max(2, Math.round((value / most) * (HEIGHT - 1)));
      return `M${index * BAR} ${HEIGHT}v-${height}h${BAR - 1}v${height}z`;
    })
    .join('');
}
