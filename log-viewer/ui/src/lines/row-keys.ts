// The shortcuts that every list of lines has.
import type { KeyBinding } from '@monlight/ui/keyboard.ts';
import { showToast } from '@monlight/ui/feedback/toast.ts';

import { currentRow, isError, moveTo, step } from './cursor.ts';
import type { LogView } from './view.ts';

/** How many pages of older lines are looked through for an error. */
const PAGES_BACK = 6;

export function rowKeys(view: LogView): KeyBinding[] {
  return [
    { keys: ['j', 'ArrowDown'], label: 'Next line', run: () => step(view, 1) },
    { keys: ['k', 'ArrowUp'], label: 'Previous line', run: () => step(view, -1) },
    { keys: ['PageDown', ' '], label: 'A page on', run: () => turnPage(1) },
    { keys: ['PageUp'], label: 'A page back', run: () => turnPage(-1) },
    { keys: ['o', 'Enter'], label: 'Open or fold it', run: () => toggleOpen(view) },
    { keys: ['e'], label: 'Next error', run: () => nextError(view) },
    { keys: ['E'], label: 'Previous error', run: () => void previousError(view) },
  ];
}

/** The page itself does not scroll, the list in it does. */
function turnPage(by: 1 | -1): void {
  const scroller = document.querySelector('.scroller');
  scroller?.scrollBy({ top: by * (scroller.clientHeight - 40) });
}

function toggleOpen(view: LogView): void {
  const row = currentRow(view);
  if (!row) return;
  view.lines.setOpen(row, !row.open);
  // Two frames on, its new height is known.
  requestAnimationFrame(() => requestAnimationFrame(() => view.viewport.reveal(view.lines.indexOf(row))));
}

function nextError(view: LogView): void {
  if (!moveTo(view, 1, isError)) showToast('No later error here.');
}

async function previousError(view: LogView): Promise<void> {
  for (let page = 0; page < PAGES_BACK; page++) {
    if (moveTo(view, -1, isError)) return;
    if (view.older.value.kind !== 'more') break;
    await view.loadOlder();
  }
  if (!moveTo(view, -1, isError)) showToast('No earlier error among the lines loaded so far.');
}
