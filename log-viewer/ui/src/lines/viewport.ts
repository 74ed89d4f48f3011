// Which rows are in view, and what stays where it is when rows come, go or change their height.
import type { Lines } from './lines.ts';
import type { Place } from './row.ts';

export interface Span {
  from: number;
  /** Exclusive. */
  to: number;
}

/** Room over the first row, for saying what is beyond it. */
export const LEAD_PX = 36;
/** Room under the last row. */
export const TAIL_PX = 8;
const OVERSCAN_PX = 300;
const MARGIN_PX = 28;

export class Viewport {
  top = 0;
  height = 0;
  /** True while the end of the list is held in view. */
  follow = true;
  // The row at the upper edge, and how far it has been scrolled past.
  #anchor: (Place & { into: number }) | null = null;

  constructor(readonly lines: Lines) {}

  get end(): number {
    return Math.max(0, LEAD_PX + this.lines.heights.total + TAIL_PX - this.height);
  }

  /** Where a row begins, from the top of what is scrolled. */
  offsetOf(index: number): number {
    return LEAD_PX + this.lines.heights.offsetOf(index);
  }

  /** Takes the reader's own scrolling; the page knows best whether that was to its end. */
  scrolledTo(top: number, atEnd: boolean): void {
    // The first pixels of a smooth scroll away from the end are still near it.
    this.follow = atEnd && top > this.top;
    this.top = top;
    this.#takeAnchor();
  }

  /** Where to scroll to after a change, so that nothing moves under the reader's eyes. */
  settle(): number {
    if (this.follow) this.top = this.end;
    else if (this.#anchor) {
      const index = this.lines.indexOf(this.#anchor);
      this.top = Math.min(this.end, this.offsetOf(index) + this.#anchor.into);
    }
    this.top = Math.max(0, this.top);
    this.#takeAnchor();
    return this.top;
  }

  span(): Span {
    const { heights, rows } = this.lines;
    if (rows.length === 0) return { from: 0, to: 0 };
    const from = heights.indexAt(this.top - LEAD_PX - OVERSCAN_PX);
    const to = heights.indexAt(this.top - LEAD_PX + this.height + OVERSCAN_PX) + 1;
    return { from, to: Math.min(rows.length, to) };
  }

  /** Moves as little as needed to show a row; `middle` puts it there in any case. */
  reveal(index: number, where: 'nearest' | 'middle' = 'nearest'): void {
    const { heights } = this.lines;
    const upper = this.offsetOf(index);
    const lower = upper + heights.heightOf(index);
    this.follow = false;
    if (where === 'middle') this.top = upper - this.height / 3;
    else if (upper < this.top + MARGIN_PX) this.top = upper - MARGIN_PX;
    else if (lower > this.top + this.height - MARGIN_PX) this.top = Math.min(upper, lower + MARGIN_PX - this.height);
    this.top = Math.max(0, Math.min(this.top, this.end));
    this.#takeAnchor();
    this.lines.changed();
  }

  showEnd(): void {
    this.follow = true;
    this.lines.changed();
  }

  showStart(): void {
    this.follow = false;
    this.top = 0;
    this.#anchor = null;
    this.#takeAnchor();
    this.lines.changed();
  }

  #takeAnchor(): void {
    const index = this.lines.heights.indexAt(this.top - LEAD_PX);
    const row = this.lines.rows[index];
    this.#anchor = row ? { time: row.time, id: row.id, into: this.top - this.offsetOf(index) } : null;
  }
}
