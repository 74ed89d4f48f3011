// Joins the newest page to the rows that were there before it was asked for.
import type { LogPage } from '../wire.ts';
import type { Lines } from './lines.ts';
import { comparePlaces, timeKey, type Place, type Row } from './row.ts';

/** `end` is the last row at the time of asking. Answers how many lines are new. */
export function joinNewest(lines: Lines, end: Row | undefined, page: LogPage): number {
  const reaches = (place: Place) => page.logs.some(({ timestamp, id }) => comparePlaces({ time: timeKey(timestamp), id }, place) <= 0);
  const joined = end === undefined || page.next === null || reaches(end);
  if (end?.kind === 'gap') return lines.fillGap(end, page.logs, joined);
  if (!joined) lines.addGap(null, end);
  return lines.merge(page.logs);
}
