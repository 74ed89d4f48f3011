// The time of an entry to the nanosecond, which the kit's milliseconds leave out.
import type { Zone } from '@monlight/ui/preferences.ts';
import { absoluteTime } from '@monlight/ui/time.ts';

/** "2026-03-07 14:05:09.120456789 +01:00" */
export function exactTime(timestamp: string, zone: Zone): string {
  const text = absoluteTime(Date.parse(timestamp), zone);
  const beyondMs = /\.\d{3}(\d+)/.exec(timestamp)?.[1] ?? '';
  return `${text.slice(0, 23)}${beyondMs}${text.slice(23)}`;
}
