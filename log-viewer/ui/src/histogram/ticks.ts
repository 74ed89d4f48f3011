// The times under the histogram.
import type { Zone } from '@monlight/ui/preferences.ts';
import { absoluteTime, clockText, clockWithMs, dateText, dayOf } from '@monlight/ui/time.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const PLACES = [0, 0.25, 0.5, 0.75, 1];

export function ticksOf(from: number, to: number, zone: Zone): { place: number; text: string }[] {
  return PLACES.map((place) => ({ place, text: tickText(from + (to - from) * place, to - from, to, zone) }));
}

function tickText(at: number, span: number, now: number, zone: Zone): string {
  if (span > 2 * DAY_MS) return dateText(at, now, zone);
  if (span > DAY_MS) return `${dateText(at, now, zone)} ${clockText(at, zone)}`;
  if (span < 10 * MINUTE_MS) return clockWithMs(at, zone).slice(0, span < 20_000 ? 12 : 8);
  return clockText(at, zone);
}

/** "21 Nov 12:00:00 – 12:01:00": as much as is needed to be sure. */
export function spanText(from: number, to: number, zone: Zone): string {
  const whole = (at: number) => absoluteTime(at, zone).slice(0, 19);
  const end = dayOf(from, zone) === dayOf(to, zone) ? whole(to).slice(11) : whole(to);
  return `${whole(from)} – ${end}`;
}
