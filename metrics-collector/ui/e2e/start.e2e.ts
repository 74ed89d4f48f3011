// The first minutes: nothing has come in yet, then the first point does.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { ELSEWHERE, openPage, startBrowser } from '../../../shared/ui/e2e/browser.ts';
import { API_KEY } from '../../../shared/ui/e2e/process.ts';
import { metricsPage } from './metrics-page.ts';
import { startService, type Service } from './service.ts';

let service: Service;
let browser: Browser;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  service = await startService();
  browser = await startBrowser();
  ({ page, complaints } = await openPage(browser, ELSEWHERE));
});
afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

test('a wrong key is refused, the right one opens the page', async () => {
  await page.goto(`${service.address}?refresh=10s`);
  await page.fill('#api-key', 'wrong');
  await page.keyboard.press('Enter');
  await page.getByText('That key is not the right one').waitFor();

  await page.fill('#api-key', API_KEY);
  await page.keyboard.press('Enter');

  await page.getByText('Waiting for the first data point').waitFor();
  expect(await page.locator('pre').first().textContent()).toContain(`${service.address}api/metrics`);
});

test('the empty page fits every screen', async () => {
  await metricsPage(page).takePictures('empty', async () => {
    await page.goto(`${service.address}?refresh=10s`);
    await page.getByText('Waiting for the first data point').waitFor();
  });
});

test('the first point turns the page over by itself', async () => {
  await service.post([{ name: 'orders_total', type: 'counter', value: 1, project: 'shop' }]);

  await page.getByText('1 data point', { exact: true }).waitFor();
  await page.locator('.top-metrics', { hasText: 'orders_total' }).waitFor();
});

test('without requests and vitals the panels say what they are drawn from', async () => {
  expect(await page.locator('.panel-empty').count()).toBe(4);
  await page.locator('.panel-empty', { hasText: 'http_request_duration_seconds' }).waitFor();
});

test('an expired session keeps the page, and signing in goes on', async () => {
  await page.context().clearCookies();
  await page.keyboard.press('r');
  await page.locator('#api-key').waitFor();
  await page.locator('.top-metrics', { hasText: 'orders_total' }).waitFor();

  await service.post([{ name: 'visits_total', type: 'counter', value: 1, project: 'shop' }]);
  await page.fill('#api-key', API_KEY);
  await page.keyboard.press('Enter');

  await page.locator('.top-metrics', { hasText: 'visits_total' }).waitFor();
});

test('a range without data leads to a longer one', async () => {
  await page.goto(`${service.address}?since=2026-01-01T00:00:00Z&until=2026-01-01T06:00:00Z`);
  await page.getByText('Nothing came in').waitFor();
  await page.getByRole('link', { name: 'Look at the last 30 days' }).click();

  await page.locator('.top-metrics', { hasText: 'orders_total' }).waitFor();
});

test('the browser had nothing to complain about', () => {
  expect(complaints).toEqual([]);
});
