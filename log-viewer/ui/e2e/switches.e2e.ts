// The keyboard, and what a reader sets once and keeps.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { ELSEWHERE, openPage, signIn, startBrowser } from '../../../shared/ui/e2e/browser.ts';
import { logPage, type LogPage } from './log-page.ts';
import { startService, type Service } from './service.ts';

const WIDE = `wide ${'0123456789 '.repeat(40)}`;

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
  const web = service.addContainer('shop-web-1');
  web.write(['first line'], { at: new Date('2026-03-07T14:05:09.120Z') });
  web.write(Array.from({ length: 100 }, (_, at) => `line ${at}`), { at: new Date('2026-03-07T14:06:00Z') });
  web.write(['went wrong'], { stream: 'stderr', at: new Date('2026-03-07T14:07:00Z') });
  web.write([WIDE, JSON.stringify({ msg: 'last line', id: 1 })], { at: new Date('2026-03-07T14:08:00Z') });
  await signIn(page, service.address);
  await logs.line('last line').waitFor();
});
afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

const current = () => page.locator('.line.current .line-text').textContent();

test('j and k walk, o opens and folds, e finds errors', async () => {
  // The page may still be taking its place on a busy machine; a key that comes before that goes nowhere.
  const marked = page.locator('.line.current');
  const walk = async () => {
    if ((await marked.count()) === 0) await page.keyboard.press('k');
    return marked.count();
  };
  await expect.poll(walk, { interval: 1_000, timeout: 15_000 }).toBe(1);
  expect(await current()).toContain('last line');
  await page.keyboard.press('k');
  expect(await current()).toContain('wide');
  await page.keyboard.press('j');
  await page.keyboard.press('o');
  await page.locator('.line.current .json-leaf').first().waitFor();
  await page.keyboard.press('Enter');
  await page.locator('.line-detail').waitFor({ state: 'detached' });

  await page.keyboard.press('E');

  await page.locator('.line.current', { hasText: 'went wrong' }).waitFor();
});

test('g and G go to both ends, Esc drops the cursor', async () => {
  await page.keyboard.press('g');
  await logs.line('first line').waitFor();
  await page.keyboard.press('G');
  await logs.line('last line').waitFor();
  expect(await logs.atEnd()).toBe(true);
  await page.keyboard.press('Escape');

  expect(await page.locator('.line.current').count()).toBe(0);
});

test('the focused row says what it is, and the list can be left by Tab', async () => {
  await page.keyboard.press('k');
  await page.locator('.line.current button.line-time:focus').waitFor();

  expect(await page.locator('.line-time:focus').getAttribute('aria-label')).toMatch(/^19:38:00\.000 INFO$/);
  await page.keyboard.press('Tab');
  expect(await page.locator('.line-time:focus').count()).toBe(0);
});

test('? shows the keys and Esc closes it', async () => {
  await page.keyboard.press('?');
  await page.getByRole('dialog').getByText('Previous error').waitFor();
  await page.keyboard.press('Escape');

  await page.getByRole('dialog').waitFor({ state: 'detached' });
});

test('w wraps long lines or not, and that is remembered', async () => {
  const height = async () => (await logs.line('wide').boundingBox())?.height ?? 0;
  expect(await height()).toBeGreaterThan(30);
  await page.keyboard.press('w');
  await expect.poll(height).toBeLessThan(25);
  await page.reload();
  await logs.line('last line').waitFor();

  expect(await height()).toBeLessThan(25);
  await page.getByRole('button', { name: 'Not wrapped' }).click();
  await expect.poll(height).toBeGreaterThan(30);
});

test('times are local or UTC, and that is remembered', async () => {
  const time = logs.line('last line').locator('.line-time');
  expect(await time.textContent()).toBe('19:38:00.000');
  await page.getByRole('button', { name: 'Local' }).click();
  expect(await time.textContent()).toBe('14:08:00.000');
  await page.reload();

  await time.filter({ hasText: '14:08:00.000' }).waitFor();
});

test('the theme is switched and is there before the first paint', async () => {
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.locator('.theme-switch').click();
  await page.locator('.theme-switch').click();
  const dark = await ground();
  expect(dark).not.toBe(light);

  await page.reload({ waitUntil: 'commit' });
  await page.locator('body').waitFor();

  expect(await ground()).toBe(dark);
});

test('the browser had nothing to complain about', () => {
  expect(complaints).toEqual([]);
});
