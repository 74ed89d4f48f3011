// The Web Vitals: what each is, its limits, and what a change of it means.
import { asText, type Unit } from '../units/unit.ts';
import type { Rating, VitalName } from '../wire.ts';

export interface VitalKind {
  name: VitalName;
  short: string;
  long: string;
  unit: Unit;
  /** Up to here it is good, and beyond the second it is poor. */
  limits: [good: number, poor: number];
}

export const VITALS: VitalKind[] = [
  { name: 'lcp', short: 'LCP', long: 'Largest Contentful Paint', unit: 'milliseconds', limits: [2500, 4000] },
  { name: 'inp', short: 'INP', long: 'Interaction to Next Paint', unit: 'milliseconds', limits: [200, 500] },
  { name: 'cls', short: 'CLS', long: 'Cumulative Layout Shift', unit: 'plain', limits: [0.1, 0.25] },
  { name: 'fcp', short: 'FCP', long: 'First Contentful Paint', unit: 'milliseconds', limits: [1800, 3000] },
  { name: 'ttfb', short: 'TTFB', long: 'Time to First Byte', unit: 'milliseconds', limits: [800, 1800] },
  { name: 'fid', short: 'FID', long: 'First Input Delay', unit: 'milliseconds', limits: [100, 300] },
];

/** The three that stand for how a page feels. */
export const CORE = VITALS.slice(0, 3);

/** Below this many samples a percentile says more about chance than about the pages. */
export const ENOUGH = 100;

export const RATING_WORDS: Record<Rating, string> = { good: 'Good', 'needs-improvement': 'Needs improvement', poor: 'Poor' };
const TONES: Record<Rating, 'good' | 'warn' | 'bad'> = { good: 'good', 'needs-improvement': 'warn', poor: 'bad' };

export function ratingOf(kind: VitalKind, p75: number): Rating {
  if (p75 <= kind.limits[0]) return 'good';
  return p75 <= kind.limits[1] ? 'needs-improvement' : 'poor';
}

export const toneOf = (rating: Rating) => TONES[rating];

export function vitalText(kind: VitalKind, value: number): string {
  return kind.unit === 'plain' ? value.toFixed(Math.abs(value) < 0.01 ? 3 : 2) : asText(value, kind.unit);
}

/** Of every vital less is better. */
export function deltaTone(value: number, before: number): 'good' | 'bad' | 'even' {
  const change = value / before - 1;
  if (!Number.isFinite(change) || Math.abs(change) < 0.02) return 'even';
  return change < 0 ? 'good' : 'bad';
}

/** Three shares as whole percents that add up to 100, by the largest remainders. */
export function wholePercents(shares: readonly number[]): number[] {
  const exact = shares.map((share) => share * 100);
  const whole = exact.map(Math.floor);
  let missing = Math.round(exact.reduce((sum, one) => sum + one, 0)) - whole.reduce((sum, one) => sum + one, 0);
  const byRemainder = exact.map((one, at) => [one - Math.floor(one), at] as const).sort(([a], [b]) => b - a);
  for (const [, at] of byRemainder) if (missing-- > 0) whole[at] = (whole[at] ?? 0) + 1;
  return whole;
}
