// One source map: all that is known of it.
import { CopyButton } from '@monlight/ui/code/CopyButton.tsx';
import { Dialog } from '@monlight/ui/dialog/Dialog.tsx';
import { Failure } from '@monlight/ui/feedback/States.tsx';
import { binaryText, exactNumber } from '@monlight/ui/number.ts';
import { Time } from '@monlight/ui/Time.tsx';
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { about } from '../about.ts';
import '../list/facts.css';
import { closeItem } from '../list/item-address.ts';
import type { SourceMap } from '../wire.ts';
import { deleteFirstAsking } from './actions.ts';
import { mapList, readMap } from './maps-model.ts';
import { addressParts, keptUntil, wasUsed } from './words.ts';

const close = () => closeItem('map');

export function MapDialog({ id }: { id: number }) {
  const looked = useSignal<SourceMap | null>(null);
  const fault = useSignal<unknown>(null);
  const item = mapList.rows.value.find((one) => one.id === id) ?? looked.value;

  async function look() {
    fault.value = null;
    try {
      looked.value = await readMap(id);
      if (looked.value === null) fault.value = 'It was deleted, or another upload has taken its place.';
    } catch (error) {
      fault.value = error;
    }
  }
  useEffect(() => {
    if (item === null) void look();
  }, []);

  return (
    <Dialog title={item ? addressParts(item.file_url)[1] : 'Source map'} wide onClose={close}>
      {item && <Facts item={item} />}
      {!item && fault.value !== null && <Failure what="There is no such source map" error={fault.value} retry={() => void look()} />}
    </Dialog>
  );
}

function Facts({ item }: { item: SourceMap }) {
  const days = about.value?.retention_days;
  return (
    <>
      <dl class="facts">
        <dt>Script</dt>
        <dd>
          <code>{item.file_url}</code>
        </dd>
        <dt>Project</dt>
        <dd>{item.project}</dd>
        <dt>Release</dt>
        <dd>{item.release}</dd>
        <dt>Debug id</dt>
        <dd>
          {item.debug_id === null ? (
            <span class="muted">none: reports find it by project, release and path</span>
          ) : (
            <>
              <code>{item.debug_id}</code> <CopyButton text={() => item.debug_id ?? ''}>Copy</CopyButton>
            </>
          )}
        </dd>
        <dt>Size</dt>
        <dd title={`${exactNumber(item.size)} bytes`}>{binaryText(item.size)}</dd>
        <dt>Uploaded</dt>
        <dd>
          <Time at={item.uploaded_at} />
        </dd>
        <dt>Last used</dt>
        <dd>{wasUsed(item) ? <Time at={item.last_used} /> : 'never'}</dd>
        {days !== undefined && (
          <>
            <dt>Kept until</dt>
            <dd>
              <Time at={keptUntil(item, days)} /> <span class="muted">unless a stack needs it</span>
            </dd>
          </>
        )}
      </dl>
      <div class="dialog-buttons">
        <button class="button danger aside" onClick={() => deleteFirstAsking(item)}>
          Delete
        </button>
        <button class="button primary" autofocus onClick={close}>
          Done
        </button>
      </div>
    </>
  );
}
