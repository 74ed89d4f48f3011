// One key: all that is known of it, and what to paste into a page.
import { CopyButton } from '@monlight/ui/code/CopyButton.tsx';
import { Snippet } from '@monlight/ui/code/Snippet.tsx';
import { Dialog } from '@monlight/ui/dialog/Dialog.tsx';
import { Failure } from '@monlight/ui/feedback/States.tsx';
import { Time } from '@monlight/ui/Time.tsx';
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { about } from '../about.ts';
import '../list/facts.css';
import { closeItem } from '../list/item-address.ts';
import { dsnOf, relayAddress } from '../relay-address.ts';
import type { DsnKey } from '../wire.ts';
import { deactivateFirstAsking, setActive } from './actions.ts';
import { keyList, madeNow, readKey } from './keys-model.ts';
import { looked } from './looked.ts';
import { pageSnippet } from './snippets.ts';
import { limitInWords, originsInWords } from './words.ts';

const close = () => closeItem('key');

export function KeyDialog({ id }: { id: number }) {
  const fault = useSignal<unknown>(null);
  const item = keyList.rows.value.find((one) => one.id === id) ?? (looked.value?.id === id ? looked.value : null);

  async function look() {
    fault.value = null;
    try {
      looked.value = await readKey(id);
      if (looked.value === null) fault.value = 'There is no key of this number.';
    } catch (error) {
      fault.value = error;
    }
  }
  useEffect(() => {
    if (item === null) void look();
    return () => (madeNow.value = null);
  }, []);

  return (
    <Dialog title={item?.project ?? 'Key'} wide onClose={close}>
      {item && <Facts item={item} />}
      {!item && fault.value !== null && <Failure what="The key could not be loaded" error={fault.value} retry={() => void look()} />}
    </Dialog>
  );
}

function Facts({ item }: { item: DsnKey }) {
  const relay = relayAddress(about.value?.public_url ?? null, location.href);
  const dsn = dsnOf(item.public_key, relay);
  return (
    <>
      {madeNow.value === item.id && <p class="made-now">The key is made. Paste this into the pages, before their other scripts:</p>}
      {!item.active && <p class="muted">The key is deactivated: pages that use it are answered with 401.</p>}
      <Snippet label="Reports the errors of a page" text={pageSnippet(relay, item.public_key)} />
      {about.value?.public_url === null && (
        <p class="muted note">The address is that of this page. If browsers reach the relay at another one, set PUBLIC_URL.</p>
      )}
      <dl class="facts">
        <dt>DSN</dt>
        <dd>
          <code>{dsn}</code> <CopyButton text={() => dsn}>Copy</CopyButton>
        </dd>
        <dt>Key</dt>
        <dd>
          <code>{item.public_key}</code> <CopyButton text={() => item.public_key}>Copy</CopyButton>
        </dd>
        <dt>Origins</dt>
        <dd>{item.allowed_origins?.length ? item.allowed_origins.map((origin) => <div key={origin}>{origin}</div>) : originsInWords(item, about.value).text}</dd>
        <dt>Limit</dt>
        <dd>{limitInWords(item, about.value)} from one client</dd>
        <dt>Made</dt>
        <dd>
          <Time at={item.created_at} />
        </dd>
        <dt>Last used</dt>
        <dd>{item.last_used === null ? 'never' : <Time at={item.last_used} />}</dd>
      </dl>
      <div class="dialog-buttons">
        {item.active ? (
          <button class="button danger aside" onClick={() => deactivateFirstAsking(item)}>
            Deactivate
          </button>
        ) : (
          <button class="button aside" onClick={() => void setActive(item, true)}>
            Activate
          </button>
        )}
        <button class="button primary" autofocus onClick={close}>
          Done
        </button>
      </div>
    </>
  );
}
