// Type and message first, then what can be done.
import { now } from '@monlight/ui/clock.ts';
import { CopyButton } from '@monlight/ui/code/CopyButton.tsx';
import { go } from '@monlight/ui/router.ts';

import { Badges } from '../Badges.tsx';
import { deleteFirstAsking } from '../list/actions.ts';
import { listAddress } from '../list/list-address.ts';
import { toneOf } from '../tone.ts';
import type { ErrorDetail, Occurrence } from '../wire.ts';
import { toggleIgnored, toggleResolved } from './detail-keys.ts';
import type { DetailModel } from './detail-model.ts';
import { asMarkdown } from './markdown.ts';
import { Message } from './Message.tsx';
import './header.css';

export interface HeaderProps {
  model: DetailModel;
  detail: ErrorDetail;
  occurrence: Occurrence | null;
}

export function Header({ model, detail, occurrence }: HeaderProps) {
  const message = occurrence?.message ?? detail.message;
  const traceback = occurrence?.traceback ?? detail.traceback;
  return (
    <header class={`detail-header tone-${toneOf(detail)}`}>
      <div class="detail-title">
        <h1>{detail.exception_type}</h1>
        <Badges item={detail} now={now.value} />
        {occurrence?.level && occurrence.level !== 'error' && <span class="badge warn">{occurrence.level.toUpperCase()}</span>}
      </div>
      <Message text={message} />
      {detail.culprit && <p class="detail-culprit code">{detail.culprit}</p>}
      <div class="detail-actions">
        <button class={`button ${detail.resolved ? '' : 'primary'}`} title="r" onClick={() => toggleResolved(model)}>
          {detail.resolved ? 'Reopen' : 'Resolve'}
        </button>
        <button class="button" title="i" onClick={() => toggleIgnored(model)}>
          {detail.ignored ? 'Stop ignoring' : 'Ignore'}
        </button>
        <button class="button danger" onClick={() => deleteFirstAsking([detail.id], () => go(listAddress.value))}>
          Delete
        </button>
        <span class="copy-group" role="group" aria-label="Copy">
          <CopyButton text={() => message}>Copy message</CopyButton>
          <CopyButton text={() => traceback}>Copy traceback</CopyButton>
          <CopyButton text={() => asMarkdown(detail, occurrence, location.href)}>Copy as Markdown</CopyButton>
        </span>
      </div>
    </header>
  );
}
