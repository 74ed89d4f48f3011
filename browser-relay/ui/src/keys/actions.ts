// What can be done to a key, with a word about it and a way back.
import { confirmFirst } from '@monlight/ui/dialog/Confirm.tsx';
import { showFault, showToast } from '@monlight/ui/feedback/toast.ts';

import { activateKey, deactivateKey } from '../relay-api.ts';
import type { DsnKey } from '../wire.ts';
import { keyList } from './keys-model.ts';
import { looked } from './looked.ts';

export function deactivateFirstAsking(key: DsnKey): void {
  confirmFirst({
    title: `Deactivate the key of ${key.project}?`,
    text: 'Pages that use it are answered with 401 from now on, and what they report meanwhile is lost. The key can be activated again.',
    action: 'Deactivate',
    run: () => void setActive(key, false),
  });
}

export async function setActive(key: DsnKey, active: boolean): Promise<void> {
  try {
    await (active ? activateKey(key.id) : deactivateKey(key.id));
  } catch (error) {
    return showFault(error);
  }
  keyList.patch(key.id, { active });
  if (looked.value?.id === key.id) looked.value = { ...looked.value, active };
  showToast(`The key of ${key.project} is ${active ? 'active again' : 'deactivated'}`, active ? undefined : { label: 'Undo', run: () => void setActive(key, true) });
}
