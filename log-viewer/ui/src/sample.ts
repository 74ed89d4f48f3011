// Made-up entries for tests.
import type { Entry, LogPage } from './wire.ts';

const START = Date.parse('2026-03-01T12:00:00.000Z');

/** One second apart by id. */
export function anEntry(id: number, more: Partial<Entry> = {}): Entry {
  const timestamp = new Date(START + id * 1000).toISOString().replace('Z', '000000Z');
  return { id, timestamp, container: 'shop-web-1', stream: 'stdout', level: 'INFO', message: `line ${id}`, fields: null, ...more };
}

export const entries = (from: number, to: number): Entry[] => Array.from({ length: to - from + 1 }, (_, index) => anEntry(from + index));

/** A page as the service sends it: newest first. */
export function aPage(logs: Entry[], more: Partial<LogPage> = {}): LogPage {
  return { logs: logs.toReversed(), total: logs.length, total_exact: true, next: null, complete: true, scanned_to: null, ...more };
}

/** Numbers that look like chance and are the same in every run. */
export function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
