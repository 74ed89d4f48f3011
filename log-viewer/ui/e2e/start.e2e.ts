// The first minutes: nothing is mounted yet, then a container appears.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { ELSEWHERE, openPage, startBrowser } from '../../../shared/ui/e2e/browser.ts';
import { API_KEY } from '../../../shared/ui/e2e/process.ts';
import type { FakeContainer } from './containers.ts';
import { logPage, type LogPage } from './log-page.ts';
import { takePictures } from './pictures.ts';
import { startService, type Service } from './service.ts';

let service: Service;
let browser: Browser;
let page: Page;
let complaints: string[];
let logs: LogPage;
let web: FakeContainer;

beforeAll(async () => {
  service = await startService();
  browser = await startBrowser();
  ({ page, complaints } = await openPage(browser, ELSEWHERE));
  logs = logPage(page);
});
afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

test('a wrong key is refused, the right one opens the page', async () => {
  await page.goto(service.address);
  await page.fill('#api-key', 'wrong');
  await page.keyboard.press('Enter');
  await page.getByText('That key is not the right one').waitFor();

  await page.fill('#api-key', API_KEY);
  await page.keyboard.press('Enter');

  await page.getByText('Waiting for the first container').waitFor();
});

test('a folder that is missing is named, with what to mount', async () => {
  await page.locator('.problems code', { hasText: service.sources }).waitFor();

  expect(await page.locator('pre').first().textContent()).toContain('/var/lib/docker/containers:ro');
});

test('the empty page fits every screen', async () => {
  await takePictures(page, 'empty', async () => {
    await page.goto(service.address);
    await page.locator('.problems code').waitFor();
  });
});

test('the first line turns the page over by itself', async () => {
  web = service.addContainer('shop-web-1');
  web.write(['the shop is open']);

  await logs.line('the shop is open').waitFor();
  await logs.container('shop-web-1').waitFor();
});

test('the session is kept over a reload, and ends with signing out', async () => {
  await page.reload();
  await logs.line('the shop is open').waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();

  await page.locator('#api-key').waitFor();
});

test('after signing in again everything goes on where it was', async () => {
  web.write(['written meanwhile']);
  await page.fill('#api-key', API_KEY);
  await page.keyboard.press('Enter');

  await logs.line('written meanwhile').waitFor();
  web.write(['and afterwards']);
  await logs.line('and afterwards').waitFor();
});

test('the browser had nothing to complain about', () => {
  expect(complaints).toEqual([]);
});
