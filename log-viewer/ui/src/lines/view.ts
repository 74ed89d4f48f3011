// A list of lines as it is looked at: the rows, the place, the cursor, and what lies beyond.
import { signal, type ReadonlySignal, type Signal } from '@preact/signals';

import type { Needle } from '../text/needles.ts';
import { Lines } from './lines.ts';
import type { GapRow } from './row.ts';
import { Viewport } from './viewport.ts';

/** As many rows as a page holds. */
export const MOST_ROWS = 100_000;

/** What is beyond the first or the last row. */
export type Edge =
  | { kind: 'more' }
  | { kind: 'loading' }
  | { kind: 'end' }
  /** The search ran out of time; nothing between here and there is known. */
  | { kind: 'halted'; searchedTo: string | null }
  /** As many rows as this page holds. */
  | { kind: 'full' }
  | { kind: 'failed'; error: unknown };

export interface LogView {
  lines: Lines;
  viewport: Viewport;
  /** The id of the row the keyboard is on. */
  cursor: Signal<number | null>;
  needles: ReadonlySignal<readonly Needle[]>;
  /** The row this view is about, if any. */
  marked: number | null;
  older: Signal<Edge>;
  newer: Signal<Edge>;
  loadOlder(): Promise<void>;
  loadNewer(): Promise<void>;
  loadGap(gap: GapRow): Promise<void>;
  /** Called when the reader has scrolled. */
  onScrolled(): void;
}

export function viewParts() {
  const lines = new Lines();
  return {
    lines,
    viewport: new Viewport(lines),
    cursor: signal<number | null>(null),
    older: signal<Edge>({ kind: 'end' }),
    newer: signal<Edge>({ kind: 'end' }),
  };
}
