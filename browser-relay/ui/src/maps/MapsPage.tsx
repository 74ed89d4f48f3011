// The source maps that give stacks their names and places back.
import { lazy } from '@monlight/ui/feedback/Lazy.tsx';
import { query } from '@monlight/ui/router.ts';
import { useEffect } from 'preact/hooks';

import { PageBar } from '../frame/PageBar.tsx';
import { useRefreshing } from '../frame/refreshing.ts';
import { idOf } from '../list/item-address.ts';
import { ListBody } from '../list/ListBody.tsx';
import { useListKeys } from '../list/list-keys.ts';
import { refreshSpool } from '../spool/spool-model.ts';
import { BuildLine } from './BuildLine.tsx';
import { MapDialog } from './MapDialog.tsx';
import { FILTERS, loadProjects, mapList, mapReader, narrowing, projects, releases, uploading } from './maps-model.ts';
import { MapTable } from './MapTable.tsx';
import { NameField } from './NameField.tsx';
import { NoMaps } from './NoMaps.tsx';
import './maps.css';

const LIVE_MS = 10_000;
const { Lazy: UploadDialog, prefetch } = lazy(() => import('./UploadDialog.tsx').then((module) => module.UploadDialog));

export function MapsPage() {
  const params = query.value;
  const id = idOf(params, 'map');
  useListKeys({
    list: mapList,
    noun: 'source map',
    parameter: 'map',
    filters: FILTERS,
    own: [{ keys: ['n'], label: 'Upload one', run: () => (uploading.value = true) }],
  });
  useRefreshing(async (signal) => void (await Promise.all([mapList.refresh(signal), refreshSpool(signal)])), LIVE_MS);
  useEffect(() => {
    document.title = 'Source maps · Browsers · Monlight';
    void refreshSpool().catch(() => undefined);
    void loadProjects().catch(() => undefined);
    prefetch();
  }, []);
  useEffect(() => void mapList.open(mapReader(params)), [JSON.stringify(narrowing(params))]);

  return (
    <>
      <h1 class="visually-hidden">Source maps</h1>
      <PageBar>
        <NameField name="project" label="Project" value={params.get('project') ?? ''} offers={projects.value} search />
        <NameField name="release" label="Release" value={params.get('release') ?? ''} offers={releases.value} />
        <button class="button primary bar-action" title="Upload (n)" onClick={() => (uploading.value = true)}>
          Upload
        </button>
      </PageBar>
      <ListBody list={mapList} failure="The source maps could not be loaded" empty={<NoMaps />}>
        <MapTable />
      </ListBody>
      {mapList.rows.value.length > 0 && <BuildLine />}
      {uploading.value && <UploadDialog />}
      {id !== null && <MapDialog key={id} id={id} />}
    </>
  );
}
