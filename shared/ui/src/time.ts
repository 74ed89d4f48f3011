// Times as text: relative for reading, absolute for being sure.
import type { Zone } from './preferences.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** "12 s ago", "3 min ago", "5 h ago", "2 d ago", then the date. */
export function relativeTime(at: number, now: number, zone: Zone = 'local'): string {
  const age = now - at;
  // A clock that runs a little ahead of ours is normal; one that runs far ahead is worth seeing.
  if (age < -MINUTE) return dateText(at, now, zone);
  if (age < 5 * SECOND) return 'just now';
  if (age < MINUTE) return `${Math.floor(age / SECOND)} s ago`;
  if (age < HOUR) return `${Math.floor(age / MINUTE)} min ago`;
  if (age < DAY) return `${Math.floor(age / HOUR)} h ago`;
  if (age < 30 * DAY) return `${Math.floor(age / DAY)} d ago`;
  return dateText(at, now, zone);
}

/** "2026-03-07 14:05:09.120 +01:00", or the same with "UTC". */
export function absoluteTime(at: number, zone: Zone): string {
  const iso = shifted(at, zone).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 23)} ${zoneName(at, zone)}`;
}

/** "7 Mar", with the year when it is not the present one. */
export function dateText(at: number, now: number, zone: Zone): string {
  const date = shifted(at, zone);
  const text = `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
  const sameYear = date.getUTCFullYear() === shifted(now, zone).getUTCFullYear();
  return sameYear ? text : `${text} ${date.getUTCFullYear()}`;
}

/** "14:05" */
export function clockText(at: number, zone: Zone): string {
  return shifted(at, zone).toISOString().slice(11, 16);
}

/** "14:05:09.120" */
export function clockWithMs(at: number, zone: Zone): string {
  return shifted(at, zone).toISOString().slice(11, 23);
}

/** "2026-03-07": equal for two times of the same day. */
export function dayOf(at: number, zone: Zone): string {
  return shifted(at, zone).toISOString().slice(0, 10);
}

/** The value of an `<input type="datetime-local">` for a time, and back; with seconds if its `step` is 1. */
export function asInputValue(at: number, zone: Zone, seconds = false): string {
  return shifted(at, zone).toISOString().slice(0, seconds ? 19 : 16);
}

export function fromInputValue(text: string, zone: Zone): number | null {
  const at = Date.parse(zone === 'utc' ? `${text}Z` : text);
  return Number.isNaN(at) ? null : at;
}

/** A date whose UTC parts are the wall clock of the zone. */
function shifted(at: number, zone: Zone): Date {
  return new Date(zone === 'utc' ? at : at - new Date(at).getTimezoneOffset() * MINUTE);
}

function zoneName(at: number, zone: Zone): string {
  if (zone === 'utc') return 'UTC';
  const minutes = -new Date(at).getTimezoneOffset();
  const size = Math.abs(minutes);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${minutes < 0 ? '−' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}
