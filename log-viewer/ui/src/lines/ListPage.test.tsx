import { startKeyboard } from '@monlight/ui/keyboard.ts';
import { query } from '@monlight/ui/router.ts';
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { about } from '../about.ts';
import { containers } from '../containers/containers.ts';
import { anEntry, aPage, entries } from '../sample.ts';
import type { Container, Entry, LogPage } from '../wire.ts';
import { list } from './list-model.ts';
import { ListPage } from './ListPage.tsx';

const SHOP: Container = {
  name: 'shop-web-1', project: 'shop', log_count: 3, image: 'shop:1', running: true, last_log: null, service: 'web', unreadable: null,
};

class FakeSource extends EventTarget {
  static readonly CLOSED = 2;
  static last: FakeSource;
  readyState = 1;
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;

  constructor(readonly address: string) {
    super();
    FakeSource.last = this;
  }

  send(kind: string, data: unknown): void {
    this.dispatchEvent(new MessageEvent(kind, { data: JSON.stringify(data) }));
  }

  close(): void {
    this.readyState = 2;
  }
}

let page: LogPage;
let status = 200;
let asked: string[] = [];
let turn = 0;
let stopKeyboard: () => void;

beforeEach(() => {
  [page, status, asked] = [aPage(entries(1, 3)), 200, []];
  containers.value = [SHOP];
  stopKeyboard = startKeyboard();
  vi.stubGlobal('EventSource', FakeSource);
  vi.stubGlobal('fetch', async (address: string) => {
    asked.push(address);
    if (address.startsWith('api/logs/histogram')) {
      const empty = { from: '2026-03-01T12:00:00Z', to: '2026-03-01T13:00:00Z', bucket_ms: 60_000, buckets: [], total: 0, complete: true };
      return new Response(JSON.stringify(empty));
    }
    return new Response(JSON.stringify(status === 200 ? page : { detail: 'out of order' }), { status });
  });
});
afterEach(async () => {
  await act(() => render(null, document.body));
  list.stop();
  stopKeyboard();
  vi.unstubAllGlobals();
});

async function open(address = '') {
  // Each test has an address of its own, as the list is kept for a return to the same one.
  query.value = new URLSearchParams(`${address}&container=test-${++turn}`);
  await act(() => render(<ListPage />, document.body));
  // The rows of the test before stay until those of this one are here.
  await vi.waitFor(() => expect(list.busy.value).toBe(false));
}

const text = () => document.body.textContent ?? '';
const see = (words: string) => vi.waitFor(() => expect(text()).toContain(words));
const press = (key: string) => act(() => void document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })));
const send = (kind: string, data: Entry | { count: number }) => act(() => FakeSource.last.send(kind, data));

test('lines are shown oldest first', async () => {
  await open('live=off');
  await see('line 3');

  expect([...document.querySelectorAll('.line-text')].map((one) => one.textContent)).toEqual(['line 1', 'line 2', 'line 3']);
});

test('new lines come while it is live, and wait while it is held', async () => {
  await open();
  await see('line 3');
  await send('log', anEntry(4));
  await see('line 4');

  await press('=');
  await send('log', anEntry(5));
  await see('1 new');
  expect(text()).not.toContain('line 5');
  await press('G');

  await see('line 5');
  expect(text()).not.toContain('1 new');
});

test('an amended line is replaced and skipped ones are told', async () => {
  await open();
  await see('line 3');

  await send('amend', anEntry(3, { message: 'line 3\n  with more' }));
  await send('dropped', { count: 4213 });

  await see('+1 line');
  await see('4\u202f213 lines skipped');
});

test('the stream has the filters of the list', async () => {
  await open('level=>=ERROR&search=refused');
  await see('line 3');

  expect(new URL(FakeSource.last.address, location.href).searchParams.get('level')).toBe('>=ERROR');
  expect(new URL(FakeSource.last.address, location.href).searchParams.get('search')).toBe('refused');
});

test('markup in a line is text, also in its fields', async () => {
  const fields = { msg: '<img src=x onerror=alert(1)>', '<b>': '<i>' };
  page = aPage([anEntry(1, { message: '<b>bold</b>' }), anEntry(2, { message: JSON.stringify(fields), fields })]);
  await open('live=off');
  await see('<img src=x onerror=alert(1)>');
  await press('k');
  await press('o');
  await see('Copy link');

  expect(document.querySelector('.scroller :is(img, b, i)')).toBeNull();
});

test('a search that finds nothing names the filters and suggests the inside of words', async () => {
  page = aPage([]);
  await open('search=refuse&level=ERROR&live=off');
  await see('Nothing found');

  expect(text()).toContain('level ERROR ×');
  expect([...document.querySelectorAll('.notice a')].map((link) => link.getAttribute('href'))).toContainEqual(expect.stringContaining('search=*refuse*'));
});

test('a search that ran out of time says how far it came and goes on', async () => {
  page = aPage([], { complete: false, scanned_to: '2026-03-01T11:00:00Z', next: 'further' });
  await open('search=rare&live=off');
  await see('Searched back to 2026-03-01');
  page = aPage(entries(1, 1));

  await act(() => document.querySelector<HTMLButtonElement>('.edge button')?.click());

  await see('line 1');
  expect(asked.at(-1)).toContain('cursor=further');
});

test('without any container it teaches what to mount', async () => {
  page = aPage([]);
  containers.value = [];
  about.value = { service: 'log-viewer', version: '1', links: {}, max_entries: 1, sources: [{ path: '/logs', problem: 'does not exist' }] };
  await open();

  await see('/var/lib/docker/containers:/var/lib/docker/containers:ro');
  expect(text()).toContain('/logs: does not exist');
});

test('a failure is said and can be tried again', async () => {
  status = 500;
  await open('live=off');
  await see('out of order');
  status = 200;

  await act(() => [...document.querySelectorAll('button')].find((one) => one.textContent === 'Try again')?.click());

  await see('line 3');
});
