// What the charts have in common: time on the axis, and the page's colours on a canvas.
import type { Zone } from '../preferences.ts';
import { clockText, dateText } from '../time.ts';

const DAY_S = 86_400;

export function tickText(seconds: number, splits: number[], zone: Zone): string {
  const at = seconds * 1000;
  const spacing = (splits[1] ?? 0) - (splits[0] ?? 0);
  return spacing >= DAY_S || clockText(at, zone) === '00:00' ? dateText(at, at, zone) : clockText(at, zone);
}

/** A canvas understands no custom properties, so the browser is asked what one comes to. */
export function colourOf(place: HTMLElement, name: string): string {
  const probe = document.createElement('i');
  probe.style.color = `var(${name})`;
  place.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

/** Where the axis puts its days and hours. */
export function timeZone(zone: Zone, inZone: (date: Date, name: string) => Date): (seconds: number) => Date {
  return (seconds) => (zone === 'utc' ? inZone(new Date(seconds * 1000), 'Etc/UTC') : new Date(seconds * 1000));
}
