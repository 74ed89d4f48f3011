// One row of the list: an entry, or a gap where lines were skipped.
import type { Entry } from '../wire.ts';

/** Rows are in the order of time, then id. */
export interface Place {
  time: string;
  id: number;
}

interface Measured extends Place {
  key: string;
  height: number;
  /** False while the height is an estimate. */
  measured: boolean;
}

export interface EntryRow extends Measured {
  kind: 'entry';
  entry: Entry;
  open: boolean;
  /** How many characters it shows while folded; -1 until somebody has counted. */
  length: number;
}

export interface GapRow extends Measured {
  kind: 'gap';
  /** How many lines are missing; null when nobody knows. */
  count: number | null;
  loading: boolean;
}

export type Row = EntryRow | GapRow;

export function entryRow(entry: Entry): EntryRow {
  return { kind: 'entry', key: String(entry.id), time: timeKey(entry.timestamp), id: entry.id, entry, open: false, length: -1, height: 0, measured: false };
}

/** A gap right behind the given place. */
export function gapBehind(place: Place, count: number | null): GapRow {
  const id = place.id + 0.5;
  return { kind: 'gap', key: `gap ${id}`, time: place.time, id, count, loading: false, height: 0, measured: false };
}

export function comparePlaces(a: Place, b: Place): number {
  if (a.time !== b.time) return a.time < b.time ? -1 : 1;
  return a.id - b.id;
}

/** The time with exactly nine decimals, so that the order of the texts is that of the times. */
export function timeKey(timestamp: string): string {
  if (timestamp.length === 30) return timestamp;
  const [whole = '', fraction = ''] = timestamp.replace(/Z$/, '').split('.');
  return `${whole}.${fraction.padEnd(9, '0').slice(0, 9)}Z`;
}

/** A nanosecond later: what an exclusive limit must be to include the time itself. */
export function justAfter(time: string): string {
  const nanos = Number(time.slice(20, 29)) + 1;
  if (nanos < 1e9) return `${time.slice(0, 20)}${String(nanos).padStart(9, '0')}Z`;
  return `${new Date(Date.parse(`${time.slice(0, 19)}Z`) + 1000).toISOString().slice(0, 19)}.000000000Z`;
}

/** So many more are missing. */
export function widen(gap: GapRow, count: number | null): void {
  gap.count = gap.count === null || count === null ? null : gap.count + count;
}

/** The rows from `at` on and the fresh ones, in order. */
export function interleave(rows: readonly Row[], at: number, fresh: readonly Row[]): Row[] {
  const out: Row[] = [];
  let next = 0;
  for (let index = at; index < rows.length; index++) {
    const row = rows[index] as Row;
    while (next < fresh.length && comparePlaces(fresh[next] as Row, row) < 0) out.push(fresh[next++] as Row);
    out.push(row);
  }
  while (next < fresh.length) out.push(fresh[next++] as Row);
  return out;
}
