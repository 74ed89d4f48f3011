// What has come from the tail and is not on the screen yet.
//
// While the end is in view everything is handed over once per frame and the list keeps its newest
// rows only. While the reader looks at something else it waits here, also bounded: what does not
// fit any more becomes a gap that can be loaded.
import type { Lines } from '../lines/lines.ts';
import { comparePlaces, timeKey } from '../lines/row.ts';
import type { Entry } from '../wire.ts';

export const LIVE_ROWS = 5000;

type Item = Entry | { skipped: number | null };

export class LiveBuffer {
  /** How many lines have come since the reader looked away. */
  newCount = 0;
  #items: Item[] = [];
  #waiting = new Map<number, Entry>();
  /** Lines that were let go at the front because the buffer was full. */
  #overflow = 0;

  constructor(
    readonly lines: Lines,
    readonly most: number = LIVE_ROWS,
  ) {}

  get size(): number {
    return this.#items.length;
  }

  /** True when it is new; one that is known already is brought up to date. */
  add(entry: Entry): boolean {
    if (this.#update(entry)) return false;
    this.#items.push(entry);
    this.#waiting.set(entry.id, entry);
    this.newCount += 1;
    // Letting go in blocks keeps the cost per line constant.
    if (this.#items.length >= this.most * 2) this.#letGo(this.#items.length - this.most);
    return true;
  }

  skipped(count: number | null): void {
    this.#items.push({ skipped: count });
    this.newCount += count ?? 0;
  }

  /** Puts everything into the list. `olderExists`: what sorts before the first row is not loaded. */
  flush(olderExists: boolean): { trimmed: boolean } {
    if (this.#items.length > this.most) this.#letGo(this.#items.length - this.most);
    if (this.#overflow > 0) this.lines.addGap(this.#overflow);
    let batch: Entry[] = [];
    const hand = () => {
      this.lines.merge(batch);
      batch = [];
    };
    const first = this.lines.rows[0];
    for (const item of this.#items) {
      if ('skipped' in item) {
        hand();
        this.lines.addGap(item.skipped);
      } else if (!olderExists || !first || comparePlaces({ time: timeKey(item.timestamp), id: item.id }, first) > 0) batch.push(item);
    }
    hand();
    this.clear();
    return { trimmed: this.lines.keepNewest(this.most) };
  }

  clear(): void {
    this.#items = [];
    this.#waiting.clear();
    this.#overflow = 0;
    this.newCount = 0;
  }

  #update(entry: Entry): boolean {
    const waiting = this.#waiting.get(entry.id);
    if (waiting) Object.assign(waiting, entry);
    return waiting !== undefined || this.lines.amend(entry);
  }

  #letGo(count: number): void {
    for (const item of this.#items.splice(0, count)) {
      if ('skipped' in item) this.#overflow += item.skipped ?? 0;
      else {
        this.#waiting.delete(item.id);
        this.#overflow += 1;
      }
    }
  }
}
