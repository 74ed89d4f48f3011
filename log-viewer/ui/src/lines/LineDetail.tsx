// An opened entry: its exact time, what can be done with it, and its fields as a tree.
import { CopyButton } from '@monlight/ui/code/CopyButton.tsx';
import { JsonTree } from '@monlight/ui/code/JsonTree.tsx';
import { zone } from '@monlight/ui/preferences.ts';
import { go, linkTo, linkWith, query } from '@monlight/ui/router.ts';

import { withField } from '../filters/address.ts';
import { stripAnsi } from '../text/ansi.ts';
import { exactTime } from '../text/exact-time.ts';
import type { Entry } from '../wire.ts';
import { permalink } from './RowActions.tsx';
import './line-detail.css';

export function LineDetail({ entry }: { entry: Entry }) {
  return (
    <div class="line-detail">
      <div class="detail-actions">
        <a class="button small" href={linkWith({ entry: String(entry.id) })}>
          Context
        </a>
        <CopyButton text={() => stripAnsi(entry.message)}>Copy line</CopyButton>
        <CopyButton text={() => permalink(entry.id)}>Copy link</CopyButton>
        <a class="button small quiet" href={linkWith({ container: entry.container, entry: null })}>
          Only {entry.container}
        </a>
      </div>
      <p class="muted detail-facts">
        <time dateTime={entry.timestamp}>{exactTime(entry.timestamp, zone.value)}</time>
        <span>{exactTime(entry.timestamp, zone.value === 'utc' ? 'local' : 'utc')}</span>
        <span>{entry.level}</span>
        <span>{entry.stream}</span>
        <span>#{entry.id}</span>
      </p>
      {entry.fields !== null && (
        <JsonTree
          value={entry.fields}
          action={(path, value) => (
            <button class="link-button field-filter" title={`Only lines with this ${path.join('.')}`} onClick={() => filterBy(path, value)}>
              filter
            </button>
          )}
        />
      )}
    </div>
  );
}

/** The filters stay, the view of one line does not. */
function filterBy(path: readonly string[], value: unknown): void {
  const search = withField(query.value.get('search') ?? '', path.join('.'), value);
  go(query.value.has('entry') ? linkTo({ search }) : linkWith({ search }));
}
