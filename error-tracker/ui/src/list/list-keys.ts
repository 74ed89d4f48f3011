// The list's shortcuts. A ticked selection takes precedence over the row of the cursor.
import { focusSearch } from '@monlight/ui/filters/SearchBox.tsx';
import { useKeys } from '@monlight/ui/keyboard.ts';
import { go, linkTo, linkWith, query } from '@monlight/ui/router.ts';

import type { Action, ErrorItem } from '../wire.ts';
import { act } from './actions.ts';
import { isNarrowed, withoutNarrowing } from './filters.ts';
import { list } from './list-model.ts';

export function useListKeys(): void {
  useKeys([
    { keys: ['j'], label: 'Next error', run: () => step(1) },
    { keys: ['k'], label: 'Previous error', run: () => step(-1) },
    { keys: ['o', 'Enter'], label: 'Open it', run: openCursor },
    { keys: ['x', 'X'], label: 'Select it (with Shift: up to here)', run: (event) => tick(event.shiftKey) },
    { keys: ['r'], label: 'Resolve, or reopen', run: () => toggle('resolved', 'resolve', 'unresolve') },
    { keys: ['i'], label: 'Ignore, or no longer', run: () => toggle('ignored', 'ignore', 'unignore') },
    { keys: ['.'], label: 'Show what is new', run: () => list.applyWaiting() },
    { keys: ['/'], label: 'Search', run: focusSearch },
    { keys: ['Escape'], label: 'Clear selection, then filters', run: clear },
  ]);
}

function step(by: number): void {
  list.selection.move(by);
  const id = list.selection.cursor.value;
  const link = document.querySelector<HTMLElement>(`[data-error="${id}"] .row-link`);
  link?.focus({ preventScroll: true });
  link?.closest('tr')?.scrollIntoView({ block: 'nearest' });
}

function openCursor(): void {
  const id = list.selection.cursor.value;
  if (id !== null) go(linkTo({ error: String(id) }));
}

function tick(range: boolean): void {
  const id = list.selection.cursor.value;
  if (id !== null) list.selection.toggle(id, range);
}

/** One key both ways: undone only when all of them have it done already. */
function toggle(flag: 'resolved' | 'ignored', on: Action, off: Action): void {
  const targets = targeted();
  void act(
    targets.map((item) => item.id),
    targets.every((item) => item[flag]) ? off : on,
    () => list.selection.clear(),
  );
}

function targeted(): ErrorItem[] {
  const { ticked, cursor } = list.selection;
  return list.rows.value.filter((item) => (ticked.value.size > 0 ? ticked.value.has(item.id) : item.id === cursor.value));
}

function clear(): void {
  if (list.selection.ticked.value.size > 0) list.selection.clear();
  else if (isNarrowed(query.value)) go(linkWith(withoutNarrowing()));
}
