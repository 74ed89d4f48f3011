// The range of time that a page shows, between the address bar, the reader and the service.
//
// The names in the address are the service's own, so a link can be read and written by hand:
// `./?period=90m`, or `./?since=2026-03-07T14:00:00Z&until=2026-03-07T15:00:00Z`.
import type { Changes } from '@monlight/ui/router.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const UNITS: [string, number][] = [
  ['d', DAY],
  ['h', HOUR],
  ['m', MINUTE],
  ['s', SECOND],
];

export type Range = { period: string } | { from: number; to: number };

export const PRESETS = ['15m', '1h', '3h', '6h', '12h', '24h', '2d', '7d', '30d'] as const;
export const DEFAULT_PERIOD = '24h';
/** What the service takes. */
export const SHORTEST_MS = 90 * SECOND;
export const LONGEST_MS = 30 * DAY;

export function rangeOf(params: URLSearchParams): Range {
  const from = Date.parse(params.get('since') ?? '');
  const to = Date.parse(params.get('until') ?? '');
  if (from < to) return { from, to };
  return { period: parsePeriod(params.get('period') ?? '') ?? DEFAULT_PERIOD };
}

export function rangeChanges(range: Range): Changes {
  if ('period' in range) return { since: null, until: null, period: range.period === DEFAULT_PERIOD ? null : range.period };
  return { since: asIso(range.from), until: asIso(range.to), period: null };
}

/** What to ask the service for. */
export function asQuery(range: Range): Record<'period' | 'since' | 'until', string | null> {
  if ('period' in range) return { period: range.period, since: null, until: null };
  return { period: null, since: new Date(range.from).toISOString(), until: new Date(range.to).toISOString() };
}

export function lengthOf(range: Range): number {
  return 'period' in range ? msOf(range.period) : range.to - range.from;
}

/** "90m", "now-6h", "last 2 days" and the like, as the service writes it; null for anything else or out of bounds. */
export function parsePeriod(text: string): string | null {
  const found = /^(?:now|last|past)?\s*-?\s*(\d{1,6}(?:\.\d{1,3})?)\s*(s|m|h|d|w|sec|min|hour|day|week)[a-z]*$/i.exec(text.trim());
  if (!found) return null;
  const unit = (found[2] ?? '').charAt(0).toLowerCase();
  const ms = Number(found[1]) * (unit === 'w' ? 7 * DAY : (UNITS.find(([name]) => name === unit)?.[1] ?? 0));
  if (ms < SHORTEST_MS || ms > LONGEST_MS) return null;
  // "1d" and "24h" are one range and should have one address.
  return PRESETS.find((preset) => msOf(preset) === ms) ?? periodOf(ms);
}

/** A length as the service writes it, in the largest unit that holds it whole. */
export function periodOf(ms: number): string {
  const [name, size] = UNITS.find(([, size]) => ms % size === 0) ?? ['s', SECOND];
  return `${Math.round(ms / size)}${name}`;
}

/** The window before or after, as long as this one; it never ends after now. */
export function shifted(range: Range, windows: 1 | -1, now: number): Range {
  const length = lengthOf(range);
  const to = ('period' in range ? now : range.to) + windows * length;
  // Back at the present it moves with the present again.
  if (to >= now - length / 20) return { period: parsePeriod(periodOf(Math.round(length / SECOND) * SECOND)) ?? DEFAULT_PERIOD };
  return { from: to - length, to };
}

/** Twice as long around the same middle, as far as there is a past. */
export function widened(range: Range, now: number): Range {
  const length = Math.min(lengthOf(range) * 2, LONGEST_MS);
  if ('period' in range) return { period: parsePeriod(periodOf(length)) ?? DEFAULT_PERIOD };
  const to = Math.min((range.from + range.to) / 2 + length / 2, now);
  return { from: to - length, to };
}

/** What a drag chose: whole seconds, and not shorter than the service takes. */
export function zoomed(from: number, to: number): Range {
  const missing = Math.max(0, SHORTEST_MS - (to - from));
  const whole = (at: number) => Math.round(at / SECOND) * SECOND;
  return { from: whole(from - missing / 2), to: whole(to + missing / 2) };
}

function msOf(period: string): number {
  const unit = UNITS.find(([name]) => period.endsWith(name))?.[1] ?? 0;
  return Number.parseFloat(period) * unit;
}

function asIso(at: number): string {
  return new Date(at).toISOString().replace('.000Z', 'Z');
}
