// What can be done to a map.
import { ApiError } from '@monlight/ui/api.ts';
import { confirmFirst } from '@monlight/ui/dialog/Confirm.tsx';
import { showFault, showToast } from '@monlight/ui/feedback/toast.ts';

import { closeItem } from '../list/item-address.ts';
import { deleteMap } from '../relay-api.ts';
import type { SourceMap } from '../wire.ts';
import { mapList } from './maps-model.ts';
import { addressParts } from './words.ts';

const GONE = 404;

export function deleteFirstAsking(map: SourceMap): void {
  confirmFirst({
    title: `Delete the map of ${addressParts(map.file_url)[1]}?`,
    text: `Stacks of ${map.project} ${map.release} keep their minified places from now on. What was reported before does not change.`,
    action: 'Delete',
    run: () => void remove(map),
  });
}

async function remove(map: SourceMap): Promise<void> {
  try {
    await deleteMap(map.id);
  } catch (error) {
    // What somebody else has deleted meanwhile is deleted.
    if (!(error instanceof ApiError && error.status === GONE)) return showFault(error);
  }
  closeItem('map');
  mapList.remove(map.id);
  showToast(`The map of ${addressParts(map.file_url)[1]} is deleted`);
}
