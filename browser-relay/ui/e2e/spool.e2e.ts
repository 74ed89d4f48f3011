// The spool: a peer goes away, what comes in waits, and goes on when the peer is back.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { ELSEWHERE, openPage, signIn, startBrowser } from '../../../shared/ui/e2e/browser.ts';
import { relayPage, type RelayPage } from './relay-page.ts';
import { startService, type Service } from './service.ts';

const KEY = '0123456789abcdef0123456789abcdef';

let service: Service;
let browser: Browser;
let page: Page;
let relay: RelayPage;
let complaints: string[];

beforeAll(async () => {
  service = await startService({ keys: `shop:${KEY}`, settings: { SPOOL_MAX_BYTES: '1MiB', ERROR_TRACKER_UI_URL: 'http://tracker.example/' } });
  browser = await startBrowser();
  ({ page, complaints } = await openPage(browser, ELSEWHERE));
  relay = relayPage(page);
  await signIn(page, `${service.address}spool`);
});
afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

async function report(message: string): Promise<number> {
  const reply = await fetch(`${service.address}api/browser/errors?key=${KEY}`, { method: 'POST', body: JSON.stringify({ type: 'Error', message }) });
  return reply.status;
}

const places = () =>
  page.evaluate(() =>
    [...document.querySelectorAll('.usage, .peer, .peer dl, .tabs a')].map((element) => {
      const { x, y, height } = element.getBoundingClientRect();
      return [x, y, height].map(Math.round).join(' ');
    }),
  );

test('while all is well the page says so, without a mark', async () => {
  expect(await report('first')).toBe(201);
  await relay.peer('error-tracker').getByText('Takes what is sent').waitFor();

  await relay.peer('metrics-collector').getByText('Nothing sent yet').waitFor();
  expect(await page.locator('.mark').count()).toBe(0);
  expect(await page.getByRole('link', { name: 'Error tracker' }).getAttribute('href')).toBe('http://tracker.example/');
});

test('a peer that is away says why, what waits is counted, and nothing moves', async () => {
  const before = await places();
  await service.tracker.leave();
  for (let number = 0; number < 12; number++) expect(await report(`while away ${number}`)).toBe(202);

  await relay.peer('error-tracker').getByText('It cannot be reached.').waitFor();
  await relay.peer('error-tracker').locator('dd', { hasText: '12' }).waitFor();
  await page.locator('.mark.bad').waitFor({ state: 'attached' });
  expect(await places()).toEqual(before);
});

test('the page fits every screen', async () => {
  await relay.takePictures('spool', async () => {
    await page.goto(`${service.address}spool`);
    await relay.peer('error-tracker').getByText('It cannot be reached.').waitFor();
  });
});

test('the other pages carry the mark too', async () => {
  await page.getByRole('link', { name: 'DSN keys' }).click();
  await relay.row('shop').waitFor();

  expect(await page.locator('.mark.bad').getAttribute('title')).toBe('Error tracker away, 12 reports waiting');
  await page.getByRole('link', { name: 'Spool' }).click();
});

test('when the peer is back the spool empties, and the page follows by itself', async () => {
  await service.tracker.comeBack();

  await relay.peer('error-tracker').getByText('Takes what is sent').waitFor();
  await relay.peer('error-tracker').getByText('What comes in is handed on at once.').waitFor();
  await page.locator('.mark').waitFor({ state: 'detached' });
  expect(service.tracker.taken.map((report) => report['message'])).toEqual(['first', ...Array.from({ length: 12 }, (_, number) => `while away ${number}`)]);
  expect(await page.getByRole('meter').getAttribute('aria-valuenow')).toBe('0');
});

test('the browser had nothing to complain about', () => {
  expect(complaints).toEqual([]);
});
