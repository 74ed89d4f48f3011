// What to do with the ticked rows. Floats, so that the list does not move.
import { counted } from '@monlight/ui/number.ts';

import type { Action } from '../wire.ts';
import { act, deleteFirstAsking } from './actions.ts';
import { list } from './list-model.ts';

export function BulkBar() {
  const { selection, rows } = list;
  const ids = [...selection.ticked.value];
  if (ids.length === 0) return null;
  const chosen = rows.value.filter((item) => selection.ticked.value.has(item.id));
  const clear = () => selection.clear();
  const run = (action: Action) => void act(ids, action, clear);
  return (
    <div class="bulk-bar" role="toolbar" aria-label="Selected errors">
      <span>{counted(ids.length, 'error')} selected</span>
      {chosen.some((item) => !item.resolved) && <BulkButton label="Resolve" run={() => run('resolve')} />}
      {chosen.some((item) => item.resolved) && <BulkButton label="Reopen" run={() => run('unresolve')} />}
      {chosen.some((item) => !item.ignored) && <BulkButton label="Ignore" run={() => run('ignore')} />}
      {chosen.some((item) => item.ignored) && <BulkButton label="Stop ignoring" run={() => run('unignore')} />}
      <button class="button small danger" onClick={() => deleteFirstAsking(ids, clear)}>
        Delete
      </button>
      <button class="button quiet small" aria-label="Clear selection" onClick={clear}>
        ×
      </button>
    </div>
  );
}

function BulkButton({ label, run }: { label: string; run: () => void }) {
  return (
    <button class="button small" onClick={run}>
      {label}
    </button>
  );
}
