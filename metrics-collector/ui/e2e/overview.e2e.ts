// Is traffic normal, does it fail, is it slow, how do the pages feel.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { ELSEWHERE, openPage, signIn, startBrowser } from '../../../shared/ui/e2e/browser.ts';
import { metricsPage, type MetricsPage } from './metrics-page.ts';
import { startService, type Service } from './service.ts';
import { twoHours } from './two-hours.ts';

const CHARTS = 4;

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
  await signIn(page, service.address);
});
afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

const open = async (query: string) => {
  await page.goto(`${service.address}${query}`);
  await metrics.drawn(CHARTS);
};
const endpoints = () => page.locator('.figures td.name a').allTextContents();
const legend = (panel: string) => page.locator('.panel', { hasText: panel }).locator('.legend').innerText();

test('requests, failures and latency are there, the slowest endpoint first', async () => {
  await open('?period=1h');

  expect(await legend('Request rate')).toMatch(/Requests\s+\d/);
  expect(await legend('Latency')).toMatch(/p50\s+\d[\s\S]+p95\s+\d[\s\S]+p99\s+\d/);
  expect((await endpoints())[0]).toContain('/api/reports/monthly');
  expect(await page.locator('tr', { hasText: '/checkout' }).locator('td.bad').count()).toBeGreaterThan(0);
});

test('each vital has its rating, its shares and its samples; few of them are greyed', async () => {
  const card = (name: string) => page.locator('.vital-card', { hasText: name });

  expect(await page.locator('.vital-card').count()).toBe(6);
  expect(await card('LCP').innerText()).toMatch(/Good|Needs improvement|Poor/);
  expect(await card('LCP').locator('.share-bar').getAttribute('title')).toMatch(/% good \(\d+\)/);
  expect(await card('FID').getAttribute('class')).toContain('few');
  expect(await page.locator('.pages tbody tr').first().innerText()).toContain('/');
});

test('a head sorts, and the order stands in the address', async () => {
  await page.getByRole('link', { name: 'Rate', exact: true }).click();

  await page.locator('th[aria-sort=descending]', { hasText: 'Rate' }).waitFor();
  expect(metrics.asked('sort')).toBe('-rate');
  expect((await endpoints())[0]).toBe('/api/products');
  await page.goBack();
  await page.locator('th[aria-sort=descending]', { hasText: 'p95' }).waitFor();
});

test('pointing at one chart reads all of them at that time', async () => {
  await metrics.point(1, 0.4);
  const moments = await metrics.moments();

  expect(moments).toHaveLength(CHARTS);
  expect(new Set(moments).size).toBe(1);
});

test('dragging over one chart zooms all, the address says so, and back restores', async () => {
  await metrics.drag(2, 0.25, 0.5);

  await expect.poll(() => metrics.asked('since')).not.toBeNull();
  expect(metrics.asked('period')).toBeNull();
  const [since, until] = [Date.parse(metrics.asked('since')!), Date.parse(metrics.asked('until')!)];
  expect((until - since) / 60_000).toBeGreaterThan(12);
  expect((until - since) / 60_000).toBeLessThan(18);
  await page.locator('[aria-busy=false]').waitFor();
  await metrics.point(3, 0.99);
  const clock = new Date(until + 5.5 * 3_600_000).toISOString().slice(11, 16);
  for (const moment of await metrics.moments()) expect(Math.abs(minutes(moment) - minutes(clock))).toBeLessThanOrEqual(2);

  await page.goBack();
  await expect.poll(() => metrics.asked('period')).toBe('1h');
  expect(await metrics.range()).toBe('Last 1 h');
});

test('a double click leaves the zoom', async () => {
  await metrics.drag(0, 0.3, 0.6);
  await expect.poll(() => metrics.asked('since')).not.toBeNull();
  await page.locator('[aria-busy=false]').waitFor();
  await page.locator('.u-over').first().dblclick();

  await expect.poll(() => metrics.asked('period')).toBe('1h');
  await page.locator('[aria-busy=false]').waitFor();
});

test('the previous period is a ghost, with the change in percent', async () => {
  await page.getByRole('button', { name: 'Compare' }).click();

  await page.locator('.change').first().waitFor();
  expect(metrics.asked('compare')).toBe('previous');
  // Until the answer for the whole hour is there, the old one stays on the page.
  await expect.poll(() => legend('Request rate')).toMatch(/\+\d/);
});

test('an address shows a colleague the same', async () => {
  const until = Math.floor(Date.now() / 60_000) * 60_000 - 5 * 60_000;
  const range = `?since=${new Date(until - 30 * 60_000).toISOString()}&until=${new Date(until).toISOString()}&compare=previous`;
  await open(range);
  await page.locator('.change').first().waitFor();
  const seen = await page.locator('.panels').innerText();

  const colleague = await page.context().newPage();
  await colleague.goto(page.url());
  await colleague.locator('.change').first().waitFor();

  expect(await colleague.locator('.panels').innerText()).toBe(seen);
  await colleague.close();
});

test('a range can be typed, and the arrows go one window back and forth', async () => {
  await open('?period=1h');
  await page.keyboard.press('t');
  await page.locator('#range-text:focus').waitFor();
  await page.keyboard.type('30m');
  await page.keyboard.press('Enter');
  await expect.poll(() => metrics.range()).toBe('Last 30 min');

  await page.getByRole('button', { name: 'One window back' }).click();
  await expect.poll(() => metrics.asked('until')).not.toBeNull();
  await page.getByRole('button', { name: 'One window forward' }).click();
  await expect.poll(() => metrics.range()).toBe('Last 30 min');
});

test('an endpoint leads into the explorer, with the range', async () => {
  await open('?period=1h');
  await page.getByRole('link', { name: '/checkout', exact: true }).click();

  await page.locator('.filter-chip', { hasText: 'endpoint: /checkout' }).waitFor();
  expect(new URL(page.url()).pathname).toBe('/explore');
  expect(metrics.asked('period')).toBe('1h');
  expect(metrics.asked('labels')).toBe('endpoint:/checkout,method:POST');
});

test('a project narrows everything', async () => {
  await open('?period=1h');
  await page.getByLabel('Project').selectOption('blog');

  await page.locator('.panel-empty').first().waitFor();
  expect(metrics.asked('project')).toBe('blog');
  expect(await page.locator('.top-metrics').innerText()).not.toContain('http_requests_total');
});

test('the overview fits every screen', async () => {
  await metrics.takePictures('overview', async () => {
    await open('?period=1h');
  });
  await metrics.takePictures('overview-compared', async () => {
    await open('?period=1h&compare=previous');
    await metrics.point(0, 0.6);
  });
  await metrics.takePictures('range', async () => {
    await open('?period=1h');
    await page.locator('.range-button').click();
    await page.locator('.range-panel').waitFor();
  });
});

test('the browser had nothing to complain about', () => {
  expect(complaints).toEqual([]);
});

/** Minutes since midnight of the "14:05" in a text. */
function minutes(text: string): number {
  const [, hour = '', minute = ''] = /(\d\d):(\d\d)/.exec(text) ?? [];
  return Number(hour) * 60 + Number(minute);
}
