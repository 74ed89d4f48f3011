// Which figures a chart is drawn from, in words.
import type { Resolution } from './wire.ts';

/** Half the width of a bucket of the sketch, as a share of the value. */
const SKETCH_ERROR = '±0.54\u202f%';

export type Precision = 'exact' | 'sketch' | 'no percentiles';

export function tierText(resolution: Resolution, precision: Precision): string {
  const tier = resolution === 'minute' ? '1-minute rollup' : '1-hour rollup';
  if (precision === 'no percentiles') return tier;
  return precision === 'exact' ? `${tier}, exact` : `${tier}, percentiles ${SKETCH_ERROR}`;
}
