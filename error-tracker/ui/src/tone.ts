// Which colour of meaning an error has.
import { DAY } from '@monlight/ui/time.ts';

import type { ErrorItem } from './wire.ts';

export type Tone = 'bad' | 'warn' | 'info' | 'quiet' | 'good';

export function toneOf(item: Pick<ErrorItem, 'resolved' | 'ignored' | 'level'>): Tone {
  if (item.resolved) return 'good';
  if (item.ignored) return 'quiet';
  switch (item.level) {
    case 'warning':
    case 'warn':
      return 'warn';
    case 'info':
      return 'info';
    case 'debug':
    case 'trace':
      return 'quiet';
    default:
      return 'bad';
  }
}

/** First seen within the last day. */
export function isNew(item: Pick<ErrorItem, 'first_seen'>, now: number): boolean {
  return now - Date.parse(item.first_seen) < DAY;
}
