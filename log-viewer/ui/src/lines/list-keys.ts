// The list's shortcuts.
import { focusSearch } from '@monlight/ui/filters/SearchBox.tsx';
import { useKeys } from '@monlight/ui/keyboard.ts';
import { go, hasHistory, linkWith, query } from '@monlight/ui/router.ts';

import { CUSTOM, rangeChanges, rangeOf } from '../filters/address.ts';
import { toggleLive } from '../live/LiveState.tsx';
import { list } from './list-model.ts';
import { rowKeys } from './row-keys.ts';

export function useListKeys(): void {
  useKeys([
    { keys: ['/'], label: 'Search', run: focusSearch },
    ...rowKeys(list.view),
    { keys: ['c'], label: 'The lines around it', run: openContext },
    { keys: ['g', 'Home'], label: 'To the top', run: toStart },
    { keys: ['G', 'End'], label: 'To the newest line, and on with it', run: () => list.resume() },
    { keys: ['l'], label: 'Live, or not', run: toggleLive },
    { keys: ['='], label: 'Hold still, or go on', run: () => list.hold() },
    { keys: ['Escape'], label: 'Drop the cursor, then the chosen time', run: clear },
  ]);
}

function openContext(): void {
  const id = list.view.cursor.value;
  if (id !== null) go(linkWith({ entry: String(id) }));
}

function toStart(): void {
  list.view.viewport.showStart();
  list.view.onScrolled();
}

function clear(): void {
  if (list.view.cursor.value !== null) list.view.cursor.value = null;
  else if (rangeOf(query.value) === CUSTOM) {
    if (hasHistory()) history.back();
    else go(linkWith(rangeChanges('live')));
  }
}
