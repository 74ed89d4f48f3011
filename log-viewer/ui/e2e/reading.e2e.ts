// Reading a line: folded, opened, among its neighbours, and taken elsewhere.
import { readFileSync } from 'node:fs';

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { ELSEWHERE, openPage, signIn, startBrowser } from '../../../shared/ui/e2e/browser.ts';
import { AN_HOUR, TRACEBACK, writeAnHour } from './an-hour.ts';
import { logPage, type LogPage } from './log-page.ts';
import { takePictures } from './pictures.ts';
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

test('an entry of many lines is folded, and whole when opened', async () => {
  await goto('');
  await logs.line('KeyError: 7').locator('.fold', { hasText: '+5 lines' }).waitFor();

  await logs.open('KeyError: 7');
  await logs.line('return prices[product]').waitFor();
  expect(await page.locator('.line.open .line-text').textContent()).toBe(TRACEBACK.join('\n'));
  await logs.open('KeyError: 7');

  await logs.line('return prices[product]').waitFor({ state: 'detached' });
});

test('a line of JSON is short, opens as a tree, and a field of it filters', async () => {
  await logs.line('slow request').locator('.pair-key', { hasText: 'status=' }).waitFor();

  await logs.open('slow request');
  const plan = page.locator('.json-leaf', { hasText: 'plan' });
  await plan.hover();
  await plan.getByRole('button', { name: 'filter' }).click();

  await logs.line('order created').waitFor({ state: 'detached' });
  expect(logs.asked('search')).toEqual(['user.plan:team']);
  expect(await page.locator('.line').count()).toBe(1);
  await page.goBack();
  await logs.line('order created').waitFor();
});

test('the lines around a line are unfiltered, and Esc leads back', async () => {
  await goto('?search=refused');
  await page.keyboard.press('k');
  await page.keyboard.press('c');

  await page.locator('.line.marked', { hasText: 'was refused' }).waitFor();
  await logs.line('KeyError: 7').waitFor();
  await logs.line('no payment provider').waitFor();
  await page.keyboard.press('Escape');

  await page.locator('.filter-bar').waitFor();
  expect(logs.asked('search')).toEqual(['refused']);
});

test('a copied link shows a colleague that line among its neighbours', async () => {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await logs.line('was refused').hover();
  await logs.line('was refused').getByRole('button', { name: 'Link' }).click();
  await page.getByText('The link is copied.').waitFor();
  const address = await page.evaluate(() => navigator.clipboard.readText());

  const colleague = await page.context().newPage();
  await colleague.goto(address);
  await colleague.locator('.line.marked', { hasText: 'was refused' }).waitFor();
  expect(new URL(address).searchParams.get('entry')).toMatch(/^\d+$/);
  await colleague.close();
});

test('a link to a line that is gone says so', async () => {
  await page.goto(`${service.address}?entry=999999`);

  await page.getByText('Line 999999 is not here any more').waitFor();
});

test.each([
  ['Text', 'logs.txt', /^2\S+Z shop-worker-1 INFO payment of order A-1007 was refused\n$/],
  ['JSON, one line each', 'logs.ndjson', /^\{.*"container":"shop-worker-1".*\}\n$/],
])('what the filters find is downloaded as %s', async (choice, file, content) => {
  await goto('?search=refused&live=off');
  await page.getByText('Download').click();
  const coming = page.waitForEvent('download');
  await page.getByRole('link', { name: choice }).click();

  const download = await coming;
  expect(download.suggestedFilename()).toBe(file);
  expect(readFileSync(await download.path(), 'utf8')).toMatch(content);
});

test('hostile text stays text', async () => {
  await goto('');
  await logs.line('client sent').waitFor();
  await logs.line('onerror').last().locator('.line-time').click();
  await page.locator('.json-leaf').first().waitFor();

  expect(await page.title()).toBe('Logs · Monlight');
  expect(await page.locator('.page img, .page script').count()).toBe(0);
});

test('list, opened lines and surroundings fit every screen', async () => {
  await takePictures(page, 'list', async () => {
    await goto('');
    await page.locator('.bars-place path').first().waitFor({ state: 'attached' });
  });
  await takePictures(page, 'opened', async () => {
    await goto('?search=slow OR KeyError&live=off');
    await logs.open('KeyError');
    await logs.open('slow request');
    await page.locator('.json-leaf').first().waitFor();
  });
  await takePictures(page, 'context', async () => {
    await goto('?search=refused&live=off');
    await page.keyboard.press('k');
    await page.keyboard.press('c');
    await page.locator('.line.marked').waitFor();
    await page.locator('.filter-bar').waitFor({ state: 'detached' });
  });
  await takePictures(page, 'nothing', async () => {
    await page.goto(`${service.address}?search=nosuchword&level=ERROR&container=shop-web-1`);
    await page.getByText('Nothing found').waitFor();
  });
});

test('the browser had nothing to complain about', () => {
  // The line that is gone was answered with 404, which the browser notes.
  expect(complaints.filter((one) => !/status of 404/.test(one))).toEqual([]);
});
