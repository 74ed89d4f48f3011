// The rows that are loaded: in order, each once, with their heights.
//
// Rows are changed in place and `version` tells of it, because copying 100 000 of them for one
// that is new would be felt.
import { signal } from '@preact/signals';

import type { Entry } from '../wire.ts';
import { Heights } from './heights.ts';
import { comparePlaces, entryRow, gapBehind, interleave, widen, type EntryRow, type GapRow, type Place, type Row } from './row.ts';

export type Estimate = (row: Row) => number;

export class Lines {
  rows: Row[] = [];
  readonly heights = new Heights();
  /** Turns with every change of the rows or their heights. */
  readonly version = signal(0);
  #byId = new Map<number, EntryRow>();
  #estimate: Estimate = () => 20;

  get first(): EntryRow | undefined {
    return this.rows.find((row) => row.kind === 'entry');
  }

  get last(): EntryRow | undefined {
    return this.rows.findLast((row) => row.kind === 'entry');
  }

  find(id: number): EntryRow | undefined {
    return this.#byId.get(id);
  }

  /** The index of the first row at or behind a place. */
  indexOf(place: Place): number {
    let [low, high] = [0, this.rows.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (comparePlaces(this.rows[middle] as Row, place) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  clear(): void {
    this.rows = [];
    this.#byId.clear();
    this.#changedFrom(0);
  }

  /** Puts entries where they belong. Those that are here already are only brought up to date. */
  merge(entries: readonly Entry[]): number {
    const fresh: Row[] = [];
    for (const entry of entries) {
      if (this.amend(entry)) continue;
      const row = entryRow(entry);
      this.#byId.set(row.id, row);
      fresh.push(row);
    }
    this.#insert(fresh.sort(comparePlaces));
    return fresh.length;
  }

  /** Replaces an entry by a fuller version of itself. False when it is not here. */
  amend(entry: Entry): boolean {
    const row = this.#byId.get(entry.id);
    if (!row) return false;
    if (row.entry.message === entry.message && row.entry.level === entry.level) return true;
    row.entry = entry;
    row.length = -1;
    this.#setHeight(row, this.#estimate(row), false);
    this.changed();
    return true;
  }

  /** Says that lines are missing behind a row. A second gap in a row widens the first. */
  addGap(count: number | null, behind = this.rows.at(-1)): void {
    if (behind === undefined) return;
    if (behind.kind === 'gap') {
      widen(behind, count);
      return this.changed();
    }
    this.#insert([gapBehind(behind, count)]);
  }

  /** The entries around a gap, and whether these are all of them. Answers how many of them are new. */
  fillGap(gap: GapRow, entries: readonly Entry[], filled: boolean): number {
    const added = this.merge(entries);
    const at = this.rows.indexOf(gap);
    if (at === -1) return added;
    gap.loading = false;
    if (gap.count !== null) gap.count = Math.max(0, gap.count - added);
    if (filled) {
      this.rows.splice(at, 1);
      // The stream tells late of what it skipped: what is not missing here is missing further up.
      const earlier = this.rows.slice(0, at).findLast((row) => row.kind === 'gap');
      if (earlier && gap.count !== null) widen(earlier, gap.count);
      this.#changedFrom(at);
    } else this.changed();
    return added;
  }

  /** Keeps the newest so many rows. True when some had to go. */
  keepNewest(most: number): boolean {
    if (this.rows.length <= most) return false;
    for (const row of this.rows.splice(0, this.rows.length - most)) this.#byId.delete(row.id);
    // A gap at the very top says nothing: all that is older can be loaded anyway.
    while (this.rows[0]?.kind === 'gap') this.rows.shift();
    this.#changedFrom(0);
    return true;
  }

  setOpen(row: EntryRow, open: boolean): void {
    row.open = open;
    row.measured = false;
    this.changed();
  }

  measure(index: number, height: number): void {
    const row = this.rows[index];
    if (row) this.#setHeight(row, height, true, index);
  }

  /** Another width, or wrapping switched: all heights are to be found out again. */
  estimateAnew(estimate: Estimate): void {
    this.#estimate = estimate;
    for (const row of this.rows) {
      row.measured = false;
      row.height = 0;
    }
    this.#changedFrom(0);
  }

  changed(): void {
    this.version.value = this.version.peek() + 1;
  }

  #setHeight(row: Row, height: number, measured: boolean, index = this.indexOf(row)): void {
    row.height = height;
    row.measured = measured;
    this.heights.set(index, height);
  }

  #insert(fresh: Row[]): void {
    const first = fresh[0];
    if (first === undefined) return;
    const at = this.indexOf(first);
    if (at === this.rows.length) for (const row of fresh) this.rows.push(row);
    else this.rows = this.rows.slice(0, at).concat(interleave(this.rows, at, fresh));
    this.#changedFrom(at);
  }

  #changedFrom(index: number): void {
    this.heights.truncate(index);
    for (let at = index; at < this.rows.length; at++) {
      const row = this.rows[at] as Row;
      if (row.height === 0) row.height = this.#estimate(row);
      this.heights.push(row.height);
    }
    this.changed();
  }
}
