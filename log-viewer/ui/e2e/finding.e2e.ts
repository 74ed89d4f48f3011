// Finding lines: search, levels, streams, containers and time.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { ELSEWHERE, openPage, signIn, startBrowser } from '../../../shared/ui/e2e/browser.ts';
import { AN_HOUR, writeAnHour } from './an-hour.ts';
import { logPage, type LogPage } from './log-page.ts';
import { startService, type Service } from './service.ts';

let service: Service;
let browser: Browser;
let page: Page;
let complaints: string[];
let logs: LogPage;

beforeAll(async () => {
  service = await startService();
  browser = await startBrowser();
  ({ page, complaints } = await openPage(browser, ELSEWHERE));
  logs = logPage(page);
  writeAnHour(service);
  await service.untilKnown(AN_HOUR);
  await signIn(page, service.address);
});
afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

const goto = async (query: string) => {
  await page.goto(`${service.address}${query}`);
  await page.locator('.line').first().waitFor();
};

test('hits are marked, across colours too', async () => {
  await logs.line('no payment provider').waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('payment');

  await logs.line('was refused').locator('mark.fg3', { hasText: 'payment' }).waitFor();
  await logs.line('GET /api').first().waitFor({ state: 'detached' });
  expect(await page.locator('.line').count()).toBe(2);
});

test('a search that finds nothing says so and can be dropped', async () => {
  await page.goto(`${service.address}?search=nosuchword&live=off`);
  await page.getByText('Nothing found').waitFor();
  await page.getByText('Search for *nosuchword*').waitFor();

  await page.locator('.active-filters a', { hasText: 'nosuchword' }).click();

  await logs.line('was refused').waitFor();
});

test('each level is on or off by itself', async () => {
  await goto('');
  await logs.level('Info').click();
  await logs.line('GET /api').first().waitFor({ state: 'detached' });
  await logs.line('checkpoint').first().waitFor();
  await logs.level('Warning').click();
  await logs.line('slow request').waitFor({ state: 'detached' });

  expect(logs.asked('level')).toEqual(['DEBUG', 'ERROR', 'CRITICAL']);
  expect(await logs.level('Info').getAttribute('aria-pressed')).toBe('false');
  expect(await logs.level('Debug').getAttribute('aria-pressed')).toBe('true');
});

test('all levels on is no filter', async () => {
  await logs.level('Info').click();
  await logs.level('Warning').click();

  await logs.line('GET /api').first().waitFor();
  expect(logs.asked('level')).toEqual([]);
});

test('Shift takes a level and the worse ones, Ctrl only that level', async () => {
  await logs.level('Error').click({ modifiers: ['Shift'] });
  await logs.line('GET /api').first().waitFor({ state: 'detached' });
  expect(logs.asked('level')).toEqual(['>=ERROR']);
  expect(await page.locator('.line').count()).toBe(2);

  await logs.level('Warning').click({ modifiers: ['Control'] });
  await logs.line('slow request').waitFor();
  expect(logs.asked('level')).toEqual(['WARNING']);
  expect(await page.locator('.line').count()).toBe(1);
});

test('one stream alone', async () => {
  await goto('');
  await page.getByLabel('Stream').selectOption('stderr');
  await logs.line('GET /api').first().waitFor({ state: 'detached' });

  expect(await page.locator('.line').count()).toBe(2);
});

test('one container alone, two with Ctrl', async () => {
  await goto('');
  await logs.container('shop-worker-1').click();
  await logs.line('GET /api').first().waitFor({ state: 'detached' });
  await logs.container('shop-web-1').click({ modifiers: ['Control'] });

  await logs.line('slow request').waitFor();
  expect(logs.asked('container')).toEqual(['shop-worker-1', 'shop-web-1']);
  expect(await logs.line('checkpoint').count()).toBe(0);
});

test('a stretch of the histogram becomes the range, and back takes it off', async () => {
  await goto('?since=-1h');
  await page.locator('.bars-place path').first().waitFor({ state: 'attached' });
  const bars = await page.locator('.bars-place').boundingBox();
  if (!bars) throw new Error('no histogram');
  await page.mouse.move(bars.x + bars.width * 0.8, bars.y + 20);
  await page.mouse.down();
  await page.mouse.move(bars.x + bars.width * 0.9, bars.y + 20, { steps: 4 });
  await page.mouse.up();
  await page.waitForFunction(() => new URLSearchParams(location.search).has('until'));
  await logs.line('slow request').waitFor({ state: 'detached' });
  await logs.line('KeyError').waitFor();

  await page.goBack();

  await page.waitForFunction(() => location.search === '?since=-1h');
  await logs.line('slow request').waitFor();
});

test('the browser had nothing to complain about', () => {
  expect(complaints).toEqual([]);
});
