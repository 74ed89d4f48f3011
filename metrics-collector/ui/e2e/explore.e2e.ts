// Any metric, by any of its labels.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { ELSEWHERE, openPage, signIn, startBrowser } from '../../../shared/ui/e2e/browser.ts';
import { metricsPage, type MetricsPage } from './metrics-page.ts';
import { startService, type Service } from './service.ts';
import { HOSTILE, TENANTS, twoHours } from './two-hours.ts';

let service: Service;
let browser: Browser;
let page: Page;
let complaints: string[];
let metrics: MetricsPage;

beforeAll(async () => {
  service = await startService();
  browser = await startBrowser();
  ({ page, complaints } = await openPage(browser, ELSEWHERE));
  metrics = metricsPage(page);
  await service.post(twoHours(Date.now()));
  await signIn(page, `${service.address}?period=1h`);
});
afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

const DURATION = 'metric=http_request_duration_seconds&type=histogram';
const open = async (query: string) => {
  await page.goto(`${service.address}explore?period=1h&${query}`);
  await metrics.drawn(1);
};
const rows = () => page.locator('.series tbody tr').count();

test('/ leads from the overview to the search, and a click picks the metric', async () => {
  await page.locator('.top-metrics').waitFor();
  await page.keyboard.press('/');
  await page.getByText('Pick a metric').waitFor();
  await page.locator('.search:focus').waitFor();
  await page.keyboard.type('http dur');
  await page.locator('.metric-list li').filter({ hasText: 'orders' }).waitFor({ state: 'detached' });
  await page.locator('.metric-list a', { hasText: 'http_request_duration_seconds' }).click();

  await metrics.drawn(2);
  expect(metrics.asked('metric')).toBe('http_request_duration_seconds');
  expect(metrics.asked('period')).toBe('1h');
  expect(await rows()).toBe(1);
});

test('split by a label there is a series for each value', async () => {
  await page.getByRole('button', { name: 'endpoint', exact: true }).click();

  await metrics.row('/checkout').waitFor();
  expect(metrics.asked('group_by')).toBe('endpoint');
  expect(await rows()).toBe(5);
  expect(await metrics.row('/api/reports').locator('.now').innerText()).toMatch(/\d\s?s$/);
});

test('the statistic is chosen and stands in the address', async () => {
  await page.getByLabel('Statistic').selectOption('rate');

  await expect.poll(() => metrics.row('/checkout').locator('.now').innerText()).toContain('/s');
  expect(metrics.asked('stat')).toBe('rate');
  await page.goBack();
  await expect.poll(() => metrics.row('/checkout').locator('.now').innerText()).not.toContain('/s');
});

test('a label narrows, and its chip widens again', async () => {
  await page.getByLabel('Filter by label').fill('method:POST');
  await page.keyboard.press('Enter');

  await metrics.row('/cart').waitFor({ state: 'detached' });
  expect(metrics.asked('labels')).toBe('method:POST');
  expect(await rows()).toBe(1);
  await page.locator('.filter-chip').click();
  await metrics.row('/cart').waitFor();
});

test('pointing reads the legend at that time, and leaving reads the latest again', async () => {
  await metrics.point(0, 0.5);
  await page.locator('.series th', { hasText: 'Then' }).waitFor();
  await page.mouse.move(2, 2);

  await page.locator('.series th', { hasText: 'Latest' }).waitFor();
});

test('dragging over the samples zooms both charts, and back restores', async () => {
  await metrics.drag(1, 0.2, 0.6);
  await expect.poll(() => metrics.asked('since')).not.toBeNull();
  expect(await metrics.range()).toMatch(/\d\d:\d\d – .*\d\d:\d\d/);
  expect(metrics.asked('group_by')).toBe('endpoint');

  await page.goBack();
  await expect.poll(() => metrics.range()).toBe('Last 1 h');
});

test('compared with the previous period each series has its change', async () => {
  await open('metric=http_requests_total&type=counter&group_by=endpoint&compare=previous');

  await page.locator('.series th', { hasText: 'Change' }).waitFor();
  expect(await metrics.row('/api/products').first().innerText()).toMatch(/[+−]\d/);
});

test('a series is drawn alone by a click, and all again by another', async () => {
  await metrics.row('/cart').locator('button').click();
  await page.locator('tr.alone', { hasText: '/cart' }).waitFor();
  await metrics.row('/cart').locator('button').click();

  await page.locator('tr.alone').waitFor({ state: 'detached' });
});

test('of many series the largest are shown, and how many there are', async () => {
  await open('metric=queue_depth&type=gauge&group_by=queue');
  await page.getByText(`20 of ${TENANTS} shown, the largest`).waitFor();

  expect(await rows()).toBe(20);
  await page.getByRole('button', { name: 'Show all' }).click();
  expect(await rows()).toBe(TENANTS);
});

test('hostile text stays text', async () => {
  await open('metric=notes_total&type=counter&group_by=note');
  await metrics.row(HOSTILE).waitFor();

  expect(await page.locator('.page img').count()).toBe(0);
  expect(await page.title()).toBe('notes_total · Monlight');
});

test('a metric that is not there says so', async () => {
  await page.goto(`${service.address}explore?metric=no_such_metric`);

  await page.getByText('Nothing came in').waitFor();
});

test('? shows the keys and Esc closes it', async () => {
  await page.keyboard.press('?');
  await page.getByRole('dialog').getByText('Search a metric').waitFor();
  await page.keyboard.press('Escape');

  await page.getByRole('dialog').waitFor({ state: 'detached' });
});

test('the explorer fits every screen', async () => {
  await metrics.takePictures('explore', async () => {
    await open(`${DURATION}&group_by=endpoint&labels=method:GET`);
    await metrics.drawn(2);
  });
  await metrics.takePictures('explore-compared', async () => {
    await open('metric=process_resident_memory_bytes&type=gauge&group_by=instance&compare=previous');
    await metrics.point(0, 0.7);
  });
  await metrics.takePictures('explore-start', async () => {
    await page.goto(`${service.address}explore`);
    await page.locator('.metric-list a').first().waitFor();
  });
});

test('the browser had nothing to complain about', () => {
  // The metric that is not there may have been answered with 404, which the browser notes.
  expect(complaints.filter((one) => !/status of 404/.test(one))).toEqual([]);
});
