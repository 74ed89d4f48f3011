import { startKeyboard } from '@monlight/ui/keyboard.ts';
import { page, query } from '@monlight/ui/router.ts';
import { Confirm } from '@monlight/ui/dialog/Confirm.tsx';
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { about } from '../about.ts';
import { aKey, anAbout, answering, aSpool, paged } from '../sample.ts';
import type { DsnKey } from '../wire.ts';
import { creating, keyList } from './keys-model.ts';
import { KeysPage } from './KeysPage.tsx';

let keys: DsnKey[];
let create: (body: unknown) => unknown;
let asked: string[];
let stopKeyboard: () => void;

beforeEach(() => {
  page.value = '';
  about.value = anAbout();
  keys = [];
  history.replaceState(null, '', '/');
  stopKeyboard = startKeyboard();
  const server = answering({
    'api/dsn-keys': (params) => {
      const found = keys.filter(
        (key) =>
          key.project.includes(params.get('search') ?? '') &&
          (params.get('active') === null || String(key.active) === params.get('active')),
      );
      const { items, next } = paged(found, params);
      return { keys: items, total: found.length, next };
    },
    'POST api/dsn-keys': (_, body) => create(body),
    'DELETE api/dsn-keys/1': () => ({ status: 'deactivated' }),
    'POST api/dsn-keys/1/activate': () => ({ status: 'activated' }),
    'api/spool': () => aSpool(),
  });
  asked = server.asked;
  vi.stubGlobal('fetch', server.fetch);
});
afterEach(async () => {
  await act(() => render(null, document.body));
  stopKeyboard();
  creating.value = false;
  keyList.rows.value = [];
  vi.unstubAllGlobals();
});

async function open(address = '') {
  query.value = new URLSearchParams(address);
  await act(() => render(<><KeysPage /><Confirm /></>, document.body));
}

const text = () => (document.body.textContent ?? '').replaceAll('\u202f', ' ');
const see = (words: string) => vi.waitFor(() => expect(text()).toContain(words));
const button = (words: string) => [...document.querySelectorAll('button')].filter((one) => one.textContent?.trim() === words).at(-1);
const click = (words: string) => act(() => button(words)?.click());

async function type(id: string, value: string) {
  const field = await vi.waitFor(() => {
    const found = document.querySelector<HTMLInputElement>(`#${id}`);
    if (!found) throw new Error(`no field ${id}`);
    return found;
  });
  await act(() => {
    field.value = value;
    field.dispatchEvent(new Event('input', { bubbles: true }));
  });
}
const submit = () => act(() => void document.querySelector('form')?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true })));

test('without any key the page teaches how to make one', async () => {
  await open();

  await see('Make the first key');
  await see('/api/dsn-keys');
});

test('a key is shown with what it lets in', async () => {
  keys = [aKey(2, { project: 'blog', allowed_origins: ['https://blog.example.com', 'https://*.example.org'], rate_limit: 7 }), aKey(1)];
  await open();

  await see('2 keys');
  const cells = (row: number) => [...document.querySelectorAll(`tbody tr:nth-child(${row}) td`)].map((cell) => (cell.textContent ?? '').replaceAll('\u202f', ' '));
  expect(cells(1).slice(0, 5)).toEqual(['blog', '00000000…Copy DSN', 'https://blog.example.com +1', '7 / min', 'never']);
  expect(cells(2).slice(2, 4)).toEqual(['any', '300 / min']);
});

test('only active keys are asked for, unless the address says otherwise', async () => {
  await open();
  await see('Make the first key');
  expect(asked).toContain('api/dsn-keys?active=true&limit=100');

  await open('state=all&search=shop');
  await vi.waitFor(() => expect(asked).toContain('api/dsn-keys?search=shop&limit=100'));
});

test('a state in the address that is none shows the keys that are active', async () => {
  keys = [{ ...aKey(1), active: false }];
  await open('state=constructor');

  await see('No active keys');
  expect(asked).toContain('api/dsn-keys?active=true&limit=100');
});

test('of very many keys a page is shown, and there is a way on', async () => {
  keys = Array.from({ length: 5000 }, (_, at) => aKey(5000 - at));
  await open();
  await see('Showing 100 of 5 000');
  await click('Load more');

  await see('Showing 200 of 5 000');
  expect(document.querySelectorAll('tbody tr')).toHaveLength(200);
});

test('a search that finds nothing says so and can be cleared', async () => {
  keys = [aKey(1)];
  await open('search=nothing');

  await see('No active key has “nothing” in its project or in itself');
  expect([...document.querySelectorAll('.notice a')].map((link) => link.getAttribute('href'))).toEqual(['./', './?state=all']);
  await see('Look through all 1 key');
});

test('what the service says stands at the field', async () => {
  create = () => new Response('{"detail":"allowed_origins: \\"nowhere\\" is no origin: write scheme, host and port"}', { status: 400 });
  await open();
  await click('New key');
  await type('new-key-project', 'shop');
  await type('new-key-origins', 'nowhere');
  await see('the scheme is missing');
  await submit();

  await see('"nowhere" is no origin: write scheme, host and port');
  expect(document.querySelector('#new-key-origins')?.getAttribute('aria-invalid')).toBe('true');
  expect(document.querySelector('#new-key-project')?.getAttribute('aria-invalid')).toBe('false');
});

test('a key that is made is shown with what to paste', async () => {
  const made = aKey(7, { allowed_origins: ['https://shop.example.com'] });
  let sent: unknown;
  create = (body) => {
    sent = body;
    keys = [made];
    return made;
  };
  await open();
  await click('New key');
  await type('new-key-project', 'shop');
  await type('new-key-origins', 'https://shop.example.com\n');
  await type('new-key-limit', '60');
  await submit();

  await see('The key is made');
  expect(sent).toEqual({ project: 'shop', allowed_origins: ['https://shop.example.com'], rate_limit: 60 });
  expect(document.querySelector('dialog pre')?.textContent).toContain(`/api/browser/errors?key=${made.public_key}`);
  expect(query.value.get('key')).toBe('7');
});

test('deactivating asks first, and the row stays where it is', async () => {
  keys = [aKey(2, { project: 'blog' }), aKey(1)];
  await open();
  await see('2 keys');
  await act(() => [...document.querySelectorAll('button')].filter((one) => one.textContent === 'Deactivate')[1]?.click());
  await see('Deactivate the key of shop?');
  expect(asked).not.toContain('DELETE api/dsn-keys/1');
  await click('Deactivate');

  await see('DEACTIVATED');
  expect(asked).toContain('DELETE api/dsn-keys/1');
  expect(document.querySelectorAll('tbody tr')).toHaveLength(2);
  await click('Activate');
  await vi.waitFor(() => expect(text()).not.toContain('DEACTIVATED'));
});

test('an address with a key opens it, also when the list does not have it', async () => {
  keys = [aKey(2), aKey(1, { project: 'old', active: false })];
  await open('key=1');

  await see('The key is deactivated');
  expect(asked).toContain('api/dsn-keys?before=2&limit=1');
});

test('the keyboard walks through the rows and opens one', async () => {
  keys = [aKey(2), aKey(1)];
  await open();
  await see('2 keys');
  const press = (key: string) => act(() => void document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true })));
  await press('j');
  await press('j');
  expect(document.querySelector('tr.current')?.getAttribute('data-row')).toBe('1');
  await press('o');

  expect(query.value.get('key')).toBe('1');
});

test('a list that cannot be loaded says why and offers to try again', async () => {
  vi.stubGlobal('fetch', async () => new Response('{"detail":"the database cannot be read"}', { status: 503 }));
  await open();

  await see('The keys could not be loaded');
  await see('the database cannot be read');
  vi.stubGlobal('fetch', answering({ 'api/dsn-keys': () => ({ keys: [aKey(1)], total: 1, next: null }) }).fetch);
  await click('Try again');
  await see('1 key');
});
