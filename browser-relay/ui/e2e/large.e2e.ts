// Five thousand keys, under the prefix of a reverse proxy.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { ELSEWHERE, openPage, signIn, startBrowser } from '../../../shared/ui/e2e/browser.ts';
import { startProxy, type Proxy } from './proxy.ts';
import { relayPage, type RelayPage } from './relay-page.ts';
import { startService, type Service } from './service.ts';

const KEYS = 5000;
const PREFIX = '/monlight/browsers';

let service: Service;
let proxy: Proxy;
let browser: Browser;
let page: Page;
let relay: RelayPage;
let complaints: string[];

beforeAll(async () => {
  const keys = Array.from({ length: KEYS }, (_, number) => `tenant-${number}:${number.toString(16).padStart(32, '0')}`);
  service = await startService({ keys: keys.join(',') });
  proxy = await startProxy(service.address, PREFIX);
  browser = await startBrowser();
  ({ page, complaints } = await openPage(browser, ELSEWHERE));
  relay = relayPage(page);
  await signIn(page, `${proxy.address}/`);
});
afterAll(async () => {
  await browser?.close();
  await proxy?.stop();
  await service?.stop();
});

test('of five thousand keys a page is shown, and there is a way on', async () => {
  await page.getByText('Showing 100 of 5\u202f000').waitFor();
  await relay.button('Load more').click();

  await page.getByText('Showing 200 of 5\u202f000').waitFor();
  expect(await page.locator('tbody tr').count()).toBe(200);
});

test('one of them is found by its project and by its key', async () => {
  await page.keyboard.press('/');
  await page.keyboard.type('tenant-42');
  await page.getByText('100 of 111 keys').or(page.getByText('111 keys')).first().waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('/');
  await page.keyboard.type((4242).toString(16).padStart(32, '0'));

  await page.getByText('1 key', { exact: true }).waitFor();
  await relay.row('tenant-4242').waitFor();
});

test('pages, snippets and addresses have the prefix of the proxy', async () => {
  await relay.row('tenant-4242').click();
  await relay.dialog().locator('pre', { hasText: `${proxy.address}/api/browser/errors?key=` }).waitFor();
  expect(await relay.dialog().locator('dd code').first().textContent()).toMatch(/@127\.0\.0\.1:\d+\/monlight\/browsers$/);
  await page.keyboard.press('Escape');

  await page.getByRole('link', { name: 'Source maps' }).click();
  await page.locator('pre', { hasText: `${proxy.address}/api/source-maps` }).waitFor();
  expect(new URL(page.url()).pathname).toBe(`${PREFIX}/source-maps`);
  await page.reload();
  await page.getByText('Give stacks their names back').waitFor();
  await page.getByRole('link', { name: 'Spool' }).click();
  await relay.peer('error-tracker').waitFor();
});

test('many keys fit every screen', async () => {
  await relay.takePictures(
    'keys-many',
    async () => {
      await page.goto(`${proxy.address}/`);
      await relay.row('tenant-4999').waitFor();
    },
    false,
  );
});

test('the browser had nothing to complain about', () => {
  expect(complaints).toEqual([]);
});
