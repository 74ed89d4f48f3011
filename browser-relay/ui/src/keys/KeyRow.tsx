// One key in the list.
import { CopyButton } from '@monlight/ui/code/CopyButton.tsx';
import { linkWith } from '@monlight/ui/router.ts';
import { Time } from '@monlight/ui/Time.tsx';

import { about } from '../about.ts';
import { Row } from '../list/Row.tsx';
import { dsnOf, relayAddress } from '../relay-address.ts';
import type { DsnKey } from '../wire.ts';
import { deactivateFirstAsking, setActive } from './actions.ts';
import { keyList } from './keys-model.ts';
import { pageSnippet } from './snippets.ts';
import { limitInWords, originsInWords, shortKey } from './words.ts';

export function KeyRow({ item }: { item: DsnKey }) {
  const facts = about.value;
  const origins = originsInWords(item, facts);
  const relay = () => relayAddress(facts?.public_url ?? null, location.href);
  return (
    <Row id={item.id} parameter="key" selection={keyList.selection} class={`key ${item.active ? '' : 'off'}`}>
      <td class="cell-project">
        <a class="row-link" href={linkWith({ key: String(item.id) })} title={item.project}>
          {item.project}
        </a>
        {!item.active && <span class="badge">DEACTIVATED</span>}
      </td>
      <td class="cell-key">
        <code title={item.public_key}>{shortKey(item.public_key)}</code>
        <CopyButton text={() => dsnOf(item.public_key, relay())}>Copy DSN</CopyButton>
      </td>
      <td class={`cell-origins ${origins.own ? '' : 'muted'}`} title={item.allowed_origins?.join('\n')}>
        <span class="origin">{origins.text}</span>
        {origins.more > 0 && <span class="muted"> +{origins.more}</span>}
      </td>
      <td class={`cell-limit ${item.rate_limit === null ? 'muted' : ''}`} title="Requests in any 60 s of one client">
        {limitInWords(item, facts)}
      </td>
      <td class="cell-time">{item.last_used === null ? <span class="muted">never</span> : <Time at={item.last_used} />}</td>
      <td class="cell-time made muted">
        <Time at={item.created_at} />
      </td>
      <td class="cell-actions">
        {item.active ? (
          <>
            <CopyButton text={() => pageSnippet(relay(), item.public_key)}>Copy snippet</CopyButton>
            <button class="button small quiet" onClick={() => deactivateFirstAsking(item)}>
              Deactivate
            </button>
          </>
        ) : (
          <button class="button small quiet" onClick={() => void setActive(item, true)}>
            Activate
          </button>
        )}
      </td>
    </Row>
  );
}
