// The lines around one line: all of its container, unfiltered, in both directions.
import { isAbort } from '@monlight/ui/api.ts';
import { signal } from '@preact/signals';

import { list } from '../lines/list-model.ts';
import { viewParts, type Edge, type LogView } from '../lines/view.ts';
import { readContext } from '../logs-api.ts';
import type { Context, Entry } from '../wire.ts';

const FIRST = 50;
const MORE = 200;

export type ContextState = { kind: 'loading' } | { kind: 'failed'; error: unknown } | { kind: 'shown'; entry: Entry };

export function createContextModel(id: number) {
  const parts = viewParts();
  const { lines, viewport, older, newer } = parts;
  const state = signal<ContextState>({ kind: 'loading' });
  const flight = new AbortController();

  async function more(edge: typeof older, ask: () => Promise<Context> | null, take: (found: Context) => Entry[]): Promise<void> {
    if (edge.value.kind === 'loading' || edge.value.kind === 'end') return;
    const asked = ask();
    if (asked === null) return;
    edge.value = { kind: 'loading' };
    try {
      const entries = take(await asked);
      lines.merge(entries);
      edge.value = edgeAfter(entries.length, MORE);
    } catch (error) {
      if (!isAbort(error)) edge.value = { kind: 'failed', error };
    }
  }

  const view: LogView = {
    ...parts,
    // The search that led here stays marked.
    needles: list.view.needles,
    marked: id,
    loadOlder: () => more(older, () => lines.first ? readContext(lines.first.id, MORE, 0, flight.signal) : null, (found) => found.before),
    loadNewer: () => more(newer, () => lines.last ? readContext(lines.last.id, 0, MORE, flight.signal) : null, (found) => found.after),
    loadGap: () => Promise.resolve(),
    onScrolled: () => undefined,
  };

  return {
    view, state,

    async load(): Promise<void> {
      state.value = { kind: 'loading' };
      try {
        const found = await readContext(id, FIRST, FIRST, flight.signal);
        lines.merge([...found.before, found.entry, ...found.after]);
        older.value = edgeAfter(found.before.length, FIRST);
        newer.value = edgeAfter(found.after.length, FIRST);
        parts.cursor.value = id;
        viewport.follow = false;
        state.value = { kind: 'shown', entry: found.entry };
      } catch (error) {
        if (!isAbort(error)) state.value = { kind: 'failed', error };
      }
    },

    /** Brings the line back into view. */
    showMarked(): void {
      const row = lines.find(id);
      if (row) viewport.reveal(lines.indexOf(row), 'middle');
    },

    stop: () => flight.abort(),
  };
}

export type ContextModel = ReturnType<typeof createContextModel>;

/** Fewer than asked for: there are no more. */
function edgeAfter(count: number, asked: number): Edge {
  return { kind: count < asked ? 'end' : 'more' };
}
