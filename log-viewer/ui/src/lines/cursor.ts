// The keyboard's way through the rows.
import type { EntryRow } from './row.ts';
import type { LogView } from './view.ts';

/** The row of the cursor, or null. */
export function currentRow(view: LogView): EntryRow | null {
  return view.cursor.value === null ? null : (view.lines.find(view.cursor.value) ?? null);
}

/** Moves the cursor by so many entries; without one it starts at the end. */
export function step(view: LogView, by: 1 | -1): void {
  moveTo(view, by, () => true);
}

export const isError = ({ entry }: EntryRow): boolean => entry.level === 'ERROR' || entry.level === 'CRITICAL';

/** Moves on to the next entry that is wanted. False when there is none among the loaded ones. */
export function moveTo(view: LogView, by: 1 | -1, wanted: (row: EntryRow) => boolean): boolean {
  const { rows } = view.lines;
  const row = currentRow(view);
  let index = row === null ? startFor(view, by) : view.lines.indexOf(row) + by;
  for (; index >= 0 && index < rows.length; index += by) {
    const one = rows[index];
    if (one?.kind === 'entry' && wanted(one)) {
      place(view, one.id, index);
      return true;
    }
  }
  return false;
}

/** Puts the cursor on a row and shows it. */
export function place(view: LogView, id: number, index: number): void {
  view.cursor.value = id;
  view.viewport.reveal(index);
  view.onScrolled();
}

/** Without a cursor, what is in view is where one begins. */
function startFor(view: LogView, by: 1 | -1): number {
  const { viewport, lines } = view;
  if (viewport.follow) return lines.rows.length - 1;
  const offset = by > 0 ? viewport.top : viewport.top + viewport.height - 60;
  return lines.heights.indexAt(offset);
}
