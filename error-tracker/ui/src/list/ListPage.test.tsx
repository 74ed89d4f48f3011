import { query } from '@monlight/ui/router.ts';
import { startKeyboard } from '@monlight/ui/keyboard.ts';
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { anItem, aPage } from '../sample.ts';
import type { ErrorItem } from '../wire.ts';
import { ListPage } from './ListPage.tsx';

let errors: ErrorItem[] = [];
let everything = 0;
let turn = 0;
const bodies: unknown[] = [];
let stopKeyboard: () => void;

beforeEach(() => {
  bodies.length = 0;
  stopKeyboard = startKeyboard();
  vi.stubGlobal('fetch', async (address: string, init: RequestInit) => {
    if (init.body) bodies.push(JSON.parse(String(init.body)));
    if (address.includes('bulk')) return new Response('{"changed":1}');
    if (address.includes('limit=1')) return new Response(JSON.stringify({ ...aPage([anItem(1)].slice(0, everything)), total: everything }));
    if (address.startsWith('api/errors')) return new Response(JSON.stringify(aPage(errors)));
    return new Response('{"projects":[],"environments":[],"releases":[]}');
  });
});
afterEach(async () => {
  await act(() => render(null, document.body));
  stopKeyboard();
  vi.unstubAllGlobals();
});

async function open(address = '') {
  // Each test has an address of its own, as the list is kept for a return to the same one.
  query.value = new URLSearchParams(`${address}&test=${++turn}`);
  await act(() => render(<ListPage />, document.body));
}

const text = () => document.body.textContent ?? '';
const see = (words: string) => vi.waitFor(() => expect(text()).toContain(words));
const press = (key: string) => act(() => void document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })));

test('no error at all teaches how to send one', async () => {
  [errors, everything] = [[], 0];
  await open();
  await see('Waiting for the first report');
  expect(text()).toContain('X-API-Key: $API_KEY');
  expect(text()).toContain(new URL('api/errors', location.href).href);
});

test('nothing open is good news', async () => {
  [errors, everything] = [[], 3];
  await open();
  await see('All clear');
});

test('a filter that hides everything is named and can be cleared', async () => {
  [errors, everything] = [[], 3];
  await open('project=shop&search=xyz');
  await see('Nothing matches');
  expect(text()).toContain('project shop, text xyz');
  expect(document.querySelector('.notice a')?.getAttribute('href')).not.toContain('search');
});

test('markup in a report is text', async () => {
  errors = [anItem(1, { exception_type: '<b>Bold</b>', message: '<img src=x onerror=alert(1)>' })];
  await open();
  await see('<img src=x onerror=alert(1)>');
  expect(document.querySelector('td img, td b')).toBeNull();
});

test('r resolves the error of the cursor and reopens it again', async () => {
  errors = [anItem(1), anItem(2)];
  await open();
  await vi.waitFor(() => expect(document.querySelector('[data-error="2"]')).not.toBeNull());

  await press('j');
  await press('j');
  await press('r');
  await see('RESOLVED');
  await press('r');
  await vi.waitFor(() => expect(bodies).toHaveLength(2));

  expect(bodies).toEqual([
    { ids: [2], action: 'resolve' },
    { ids: [2], action: 'unresolve' },
  ]);
});

test('a selection is acted on as a whole', async () => {
  errors = [anItem(1), anItem(2), anItem(3)];
  await open();
  await vi.waitFor(() => expect(document.querySelector('[data-error="3"]')).not.toBeNull());

  await press('j');
  await press('x');
  await press('j');
  await press('x');
  await see('2 errors selected');
  await press('i');

  await vi.waitFor(() => expect(bodies).toEqual([{ ids: [1, 2], action: 'ignore' }]));
  await vi.waitFor(() => expect(text()).not.toContain('selected'));
});
