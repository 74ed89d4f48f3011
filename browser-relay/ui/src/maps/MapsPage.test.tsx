import { page, query } from '@monlight/ui/router.ts';
import { Confirm } from '@monlight/ui/dialog/Confirm.tsx';
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { about } from '../about.ts';
import { aKey, aMap, anAbout, answering, aSpool, paged } from '../sample.ts';
import type { SourceMap } from '../wire.ts';
import { mapList, uploading } from './maps-model.ts';
import { MapsPage } from './MapsPage.tsx';

let maps: SourceMap[];
let asked: string[];

beforeEach(() => {
  page.value = 'source-maps';
  about.value = anAbout();
  maps = [];
  history.replaceState(null, '', '/source-maps');
  const server = answering({
    'api/source-maps': (params) => {
      const found = maps.filter((map) => map.project === (params.get('project') ?? map.project));
      const { items, next } = paged(found, params);
      return { source_maps: items, total: found.length, next };
    },
    'api/dsn-keys': () => ({ keys: [aKey(1, { project: 'blog' })], total: 1, next: null }),
    'api/spool': () => aSpool(),
    'DELETE api/source-maps/1': () => ({ status: 'deleted' }),
  });
  asked = server.asked;
  vi.stubGlobal('fetch', server.fetch);
});
afterEach(async () => {
  await act(() => render(null, document.body));
  uploading.value = false;
  mapList.rows.value = [];
  page.value = '';
  vi.unstubAllGlobals();
});

async function open(address = '') {
  query.value = new URLSearchParams(address);
  await act(() => render(<><MapsPage /><Confirm /></>, document.body));
}

const text = () => (document.body.textContent ?? '').replaceAll('\u202f', ' ');
const see = (words: string) => vi.waitFor(() => expect(text()).toContain(words));
const click = (words: string) => act(() => [...document.querySelectorAll('button')].filter((one) => one.textContent?.trim() === words).at(-1)?.click());

test('without any map the page teaches how to upload', async () => {
  await open();

  await see('Give stacks their names back');
  await see('-F map_content=@dist/assets/app.js.map');
});

test('a map is shown with project, release, size and use', async () => {
  maps = [
    aMap(2, { debug_id: 'c0ffee00c0ffee00c0ffee00c0ffee00', last_used: '2026-11-20T11:00:00.000Z', size: 1_400_000 }),
    aMap(1, { project: 'blog', release: '7' }),
  ];
  await open();
  await see('2 scripts');

  const rows = [...document.querySelectorAll('tbody tr')].map((row) => (row.textContent ?? '').replaceAll('\u202f', ' '));
  expect(rows[0]).toContain('app-2.js');
  expect(rows[0]).toContain('1.34 MiB');
  expect(rows[0]).toContain('c0ffee00');
  expect(rows[0]).not.toContain('never');
  expect(rows[1]).toContain('never');
});

test('a chip narrows the list, and the names are compared as a whole', async () => {
  maps = [aMap(2), aMap(1, { project: 'blog' })];
  await open();
  await see('2 scripts');
  expect(document.querySelector('.chip')?.getAttribute('href')).toBe('./source-maps?project=shop');

  await open('project=sho');
  await see('No source map of the project “sho”');
  expect(asked).toContain('api/source-maps?project=sho&limit=100');
});

test('projects of keys and of maps are offered', async () => {
  maps = [aMap(1)];
  await open();
  await see('1 script');

  await vi.waitFor(() => expect([...document.querySelectorAll('#project-names option')].map((option) => option.getAttribute('value'))).toEqual(['blog', 'shop']));
});

test('of very many maps a page is shown, and there is a way on', async () => {
  maps = Array.from({ length: 5000 }, (_, at) => aMap(5000 - at));
  await open();
  await see('Showing 100 of 5 000');
  await click('Load more');

  await see('Showing 200 of 5 000');
});

test('deleting asks first', async () => {
  maps = [aMap(2), aMap(1)];
  await open();
  await see('2 scripts');
  await act(() => document.querySelector<HTMLElement>('[data-row="1"] .cell-actions button')?.click());
  await see('Delete the map of app-1.js?');
  expect(asked.some((one) => one.startsWith('DELETE'))).toBe(false);
  await click('Delete');

  await see('1 script');
  expect(asked).toContain('DELETE api/source-maps/1');
});

test('a map that was deleted elsewhere says so', async () => {
  maps = [aMap(2)];
  await open('map=1');

  await see('It was deleted, or another upload has taken its place');
});
