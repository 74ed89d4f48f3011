// What can be done to errors, with a word about it and a way back.
import { confirmFirst } from '@monlight/ui/dialog/Confirm.tsx';
import { showFault, showToast } from '@monlight/ui/feedback/toast.ts';
import { counted } from '@monlight/ui/number.ts';

import { actOn } from '../errors-api.ts';
import type { Action, ErrorItem } from '../wire.ts';
import { list } from './list-model.ts';

const OPPOSITE: Partial<Record<Action, Action>> = {
  resolve: 'unresolve',
  unresolve: 'resolve',
  ignore: 'unignore',
  unignore: 'ignore',
};
const DONE: Record<Action, string> = {
  resolve: 'resolved',
  unresolve: 'reopened',
  ignore: 'ignored',
  unignore: 'no longer ignored',
  delete: 'deleted',
};
const EFFECT: Partial<Record<Action, Partial<ErrorItem>>> = {
  resolve: { resolved: true, regressed: false },
  unresolve: { resolved: false },
  ignore: { ignored: true },
  unignore: { ignored: false },
};

/** Does it, shows it in the list at once, and offers to take it back. */
export async function act(ids: readonly number[], action: Action, done?: () => void): Promise<void> {
  if (ids.length === 0) return;
  try {
    await actOn(ids, action);
  } catch (error) {
    return showFault(error);
  }
  const changed = new Set(ids);
  const effect = EFFECT[action];
  if (effect) list.patch(changed, effect);
  else list.remove(changed);
  done?.();
  const back = OPPOSITE[action];
  showToast(`${counted(ids.length, 'error')} ${DONE[action]}`, back && { label: 'Undo', run: () => void act(ids, back, done) });
}

/** Deletes after asking. */
export function deleteFirstAsking(ids: readonly number[], done?: () => void): void {
  if (ids.length === 0) return;
  confirmFirst({
    title: `Delete ${counted(ids.length, 'error')}?`,
    text: 'The counts and kept occurrences go too. If it is reported again, it starts as a new error.',
    action: 'Delete',
    run: () => void act(ids, 'delete', done),
  });
}
