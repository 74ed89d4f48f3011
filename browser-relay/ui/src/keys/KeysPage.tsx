// The keys that pages send with: who may send, from where, and what to paste.
import { lazy } from '@monlight/ui/feedback/Lazy.tsx';
import { SearchBox } from '@monlight/ui/filters/SearchBox.tsx';
import { Select } from '@monlight/ui/filters/Select.tsx';
import { go, linkWith, query } from '@monlight/ui/router.ts';
import { useEffect } from 'preact/hooks';

import { PageBar } from '../frame/PageBar.tsx';
import { useRefreshing } from '../frame/refreshing.ts';
import { idOf } from '../list/item-address.ts';
import { ListBody } from '../list/ListBody.tsx';
import { useListKeys } from '../list/list-keys.ts';
import { refreshSpool } from '../spool/spool-model.ts';
import { creating, FILTERS, keyList, keyReader, narrowing, STATES } from './keys-model.ts';
import { KeyTable } from './KeyTable.tsx';
import { NoKeys } from './NoKeys.tsx';
import './keys.css';

const LIVE_MS = 10_000;
const create = lazy(() => import('./CreateDialog.tsx').then((module) => module.CreateDialog));
const one = lazy(() => import('./KeyDialog.tsx').then((module) => module.KeyDialog));

export function prefetchKeyDialogs(): void {
  create.prefetch();
  one.prefetch();
}

export function KeysPage() {
  const params = query.value;
  const id = idOf(params, 'key');
  useListKeys({
    list: keyList,
    noun: 'key',
    parameter: 'key',
    filters: FILTERS,
    own: [{ keys: ['n'], label: 'New key', run: () => (creating.value = true) }],
  });
  useRefreshing(async (signal) => void (await Promise.all([keyList.refresh(signal), refreshSpool(signal)])), LIVE_MS);
  useEffect(() => {
    document.title = 'DSN keys · Browsers · Monlight';
    void refreshSpool().catch(() => undefined);
  }, []);
  useEffect(() => void keyList.open(keyReader(params)), [JSON.stringify(narrowing(params))]);

  return (
    <>
      <h1 class="visually-hidden">DSN keys</h1>
      <PageBar>
        <SearchBox
          value={params.get('search') ?? ''}
          placeholder="Search project or key"
          onSearch={(search) => go(linkWith({ search }), params.has('search') && search !== '' ? 'replace' : 'push')}
        />
        <Select label="State" value={params.get('state') ?? ''} options={STATES} onChange={(state) => go(linkWith({ state }))} />
        <button class="button primary bar-action" title="New key (n)" onClick={() => (creating.value = true)}>
          New key
        </button>
      </PageBar>
      <ListBody list={keyList} failure="The keys could not be loaded" empty={<NoKeys />}>
        <KeyTable />
      </ListBody>
      {creating.value && <create.Lazy />}
      {id !== null && <one.Lazy key={id} id={id} />}
    </>
  );
}
