// A cursor and a set of ticked rows over a list of ids.
import { signal } from '@preact/signals';

export type Id = number;

export function createSelection(ids: () => readonly Id[]) {
  const cursor = signal<Id | null>(null);
  const ticked = signal<ReadonlySet<Id>>(new Set());
  let anchor: Id | null = null;

  return {
    cursor,
    ticked,

    /** Moves the cursor by so many rows and stays inside the list. */
    move(by: number): void {
      const all = ids();
      if (all.length === 0) return;
      const from = cursor.value === null ? -1 : all.indexOf(cursor.value);
      const to = from === -1 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(from + by, 0), all.length - 1);
      cursor.value = all[to] ?? null;
    },

    /** Ticks or unticks a row; with `range`, all rows from the last one touched get the same state. */
    toggle(id: Id, range = false): void {
      const next = new Set(ticked.value);
      const on = !next.has(id);
      for (const one of range ? between(ids(), anchor ?? id, id) : [id]) {
        if (on) next.add(one);
        else next.delete(one);
      }
      anchor = id;
      ticked.value = next;
    },

    tickAll(): void {
      const all = ids();
      ticked.value = new Set(all.every((id) => ticked.value.has(id)) ? [] : all);
    },

    clear(): void {
      ticked.value = new Set();
      anchor = null;
    },

    /** Forgets ticks of rows that are gone. */
    keepOnly(present: readonly Id[]): void {
      const kept = present.filter((id) => ticked.value.has(id));
      if (kept.length !== ticked.value.size) ticked.value = new Set(kept);
      if (cursor.value !== null && !present.includes(cursor.value)) cursor.value = null;
    },
  };
}

export type Selection = ReturnType<typeof createSelection>;

function between(all: readonly Id[], from: Id, to: Id): readonly Id[] {
  const [a, b] = [all.indexOf(from), all.indexOf(to)];
  if (a === -1 || b === -1) return [to];
  return all.slice(Math.min(a, b), Math.max(a, b) + 1);
}
