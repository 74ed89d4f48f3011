// A range in words.
import type { Zone } from '@monlight/ui/preferences.ts';
import { clockText, dateText, dayOf } from '@monlight/ui/time.ts';

import type { Range } from './range.ts';

const UNIT_WORDS: Record<string, string> = { s: 's', m: 'min', h: 'h', d: 'days' };

/** "Last 24 h", or "7 Mar 14:00 – 15:00". */
export function inWords(range: Range, zone: Zone): string {
  if ('period' in range) return `Last ${spanInWords(range.period)}`;
  const { from, to } = range;
  const start = `${dateText(from, to, zone)} ${clockText(from, zone)}`;
  return `${start} – ${dayOf(from, zone) === dayOf(to, zone) ? '' : `${dateText(to, to, zone)} `}${clockText(to, zone)}`;
}

/** "90 min" */
export function spanInWords(period: string): string {
  return `${period.slice(0, -1)} ${UNIT_WORDS[period.slice(-1)] ?? ''}`;
}
