import { page } from '@monlight/ui/router.ts';
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { about } from '../about.ts';
import { anAbout, answering, aSpool } from '../sample.ts';
import type { Spool } from '../wire.ts';
import { spool } from './spool-model.ts';
import { SpoolPage } from './SpoolPage.tsx';

let state: Spool | Response;

beforeEach(() => {
  page.value = 'spool';
  spool.value = null;
  about.value = anAbout({ links: { error_tracker: 'http://tracker.example/' } });
  vi.stubGlobal('fetch', answering({ 'api/spool': () => state }).fetch);
});
afterEach(async () => {
  await act(() => render(null, document.body));
  page.value = '';
  vi.unstubAllGlobals();
});

const open = () => act(() => render(<SpoolPage />, document.body));
const text = () => (document.body.textContent ?? '').replaceAll('\u202f', ' ');
const see = (words: string) => vi.waitFor(() => expect(text()).toContain(words));

test('a peer that is away says why, and what waits for it', async () => {
  const since = new Date(Date.now() - 200_000).toISOString();
  state = aSpool(
    { reachable: false, reason: 'cannot be reached', since, waiting: 12, waiting_bytes: 4200, waiting_since: since, delivered: 1234 },
    { used_bytes: 4200 },
  );
  await open();
  await see('Went away 3 min ago');

  await see('It cannot be reached.');
  await see('12 4.1 KiB');
  await see('4.1 KiB of 64 MiB, less than 1 %');
  expect(document.querySelector('.mark')?.textContent).toBe(': Error tracker away, 12 reports waiting');
  expect(document.querySelector('.peer h2 a')?.getAttribute('href')).toBe('http://tracker.example/');
});

test('while all is well nothing asks for attention', async () => {
  state = aSpool();
  await open();
  await see('Takes what is sent');

  expect(document.querySelector('.mark')).toBeNull();
  expect(document.querySelector('[role=meter]')?.getAttribute('aria-valuenow')).toBe('0');
});

test('a spool that cannot be read says why and offers to try again', async () => {
  state = new Response('{"detail":"the database is busy"}', { status: 503 });
  await open();
  await see('The spool could not be read');
  await see('the database is busy');

  state = aSpool();
  await act(() => document.querySelector<HTMLElement>('.notice button')?.click());
  await see('Takes what is sent');
});
