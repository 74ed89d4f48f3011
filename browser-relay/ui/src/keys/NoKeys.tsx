// No key to show, and why.
import { Snippet } from '@monlight/ui/code/Snippet.tsx';
import { counted } from '@monlight/ui/number.ts';
import { linkTo, linkWith, query } from '@monlight/ui/router.ts';
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { about } from '../about.ts';
import { relayAddress } from '../relay-address.ts';
import { listKeys } from '../relay-api.ts';
import { creating, keyList } from './keys-model.ts';
import { createSnippet } from './snippets.ts';

const STATE_WORDS: ReadonlyMap<string, string> = new Map([['inactive', 'deactivated '], ['all', '']]);

export function NoKeys() {
  const params = query.value;
  /** How many keys there are with no filter at all. */
  const all = useSignal<number | null>(null);
  // Asked again whenever the empty list was.
  useEffect(() => void listKeys({ limit: 1 }).then(({ total }) => (all.value = total), () => undefined), [keyList.rows.value]);

  if (all.value === null) return null;
  if (all.value === 0) return <FirstKey />;
  const search = params.get('search');
  const state = STATE_WORDS.get(params.get('state') ?? '') ?? 'active ';
  return (
    <div class="notice">
      <h2>{search === null ? `No ${state}keys` : 'Nothing matches'}</h2>
      {search !== null && (
        <p class="muted">
          No {state}key has “{search}” in its project or in itself.
        </p>
      )}
      {search !== null && (
        <a class="button" href={linkWith({ search: null })}>
          Clear the search
        </a>
      )}
      <a href={linkTo({ state: 'all' })}>Look through all {counted(all.value, 'key')}</a>
    </div>
  );
}

function FirstKey() {
  return (
    <div class="first-steps">
      <h2>Let a page report its errors</h2>
      <p class="muted">
        A page in a browser shows its source to everybody, so it gets a DSN key: one that can send errors and metrics of its project and do
        nothing else. Make one for each project, and say which pages may use it.
      </p>
      <p>
        <button class="button primary" onClick={() => (creating.value = true)}>
          Make the first key
        </button>
      </p>
      <Snippet label="Or from a shell" text={createSnippet(relayAddress(about.value?.public_url ?? null, location.href))} />
    </div>
  );
}
