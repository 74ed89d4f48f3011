// What the service's JSON looks like. Times are RFC 3339 in UTC.

export const LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const;
export type Level = (typeof LEVELS)[number];

export interface Entry {
  id: number;
  /** With nanoseconds. */
  timestamp: string;
  container: string;
  stream: 'stdout' | 'stderr';
  level: Level;
  /** As it was written: colours and newlines included. */
  message: string;
  fields: Record<string, unknown> | null;
}

export interface LogPage {
  /** Newest first. */
  logs: Entry[];
  total: number;
  total_exact: boolean;
  next: string | null;
  /** False when the search ran out of time at `scanned_to`. */
  complete: boolean;
  scanned_to: string | null;
}

export interface Context {
  before: Entry[];
  entry: Entry;
  after: Entry[];
}

export interface Histogram {
  from: string;
  to: string;
  bucket_ms: number;
  /** Empty buckets are left out. */
  buckets: { at: string; counts: Partial<Record<Level, number>> }[];
  total: number;
  complete: boolean;
}

export interface Container {
  name: string;
  log_count: number;
  image: string;
  running: boolean;
  last_log: string | null;
  service: string | null;
  project: string | null;
  /** Why its log cannot be read. */
  unreadable: string | null;
}

export interface About {
  service: string;
  version: string;
  links: Record<string, string | null>;
  sources: { path: string; problem: string | null }[];
  max_entries: number;
}
