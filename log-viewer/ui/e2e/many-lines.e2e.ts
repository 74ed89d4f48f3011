// A hundred thousand lines: few elements, no long stops, and every line in its place.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { ELSEWHERE, openPage, signIn, startBrowser } from '../../../shared/ui/e2e/browser.ts';
import { logPage, type LogPage } from './log-page.ts';
import { startService, type Service } from './service.ts';

const LINES = 100_000;
const BATCH = 5_000;
/** Rows in view and a little around them. */
const MOST_ROWS = 120;
/** Far over what is needed, so that a busy machine does not fail the test; a page without a virtual list takes seconds. */
const LONGEST_FRAME_MS = 500;

/** Two hundred pages, from a debug build on a busy machine. */
const LOADING_ALL_MS = 180_000;

let service: Service;
let browser: Browser;
let page: Page;
let complaints: string[];
let logs: LogPage;

beforeAll(async () => {
  service = await startService({ MAX_ENTRIES: String(LINES * 2), BACKFILL: '64MiB', RATE_LIMIT: '100000' });
  browser = await startBrowser();
  ({ page, complaints } = await openPage(browser, ELSEWHERE));
  logs = logPage(page);
  const web = service.addContainer('shop-web-1');
  const start = Date.now() - LINES;
  for (let from = 0; from < LINES; from += BATCH) {
    // Some are longer than the screen is wide.
    const batch = Array.from({ length: BATCH }, (_, at) => `line ${from + at} ${'words '.repeat((from + at) % 50)}`);
    web.write(batch, { at: new Date(start + from) });
  }
  await service.untilKnown(LINES);
  await signIn(page, service.address);
});
afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

const rowCount = () => page.locator('.line').count();

test('the newest lines are there at once', async () => {
  await logs.line(`line ${LINES - 1} `).waitFor();
  await page.locator('.container-item', { hasText: '100 k' }).first().waitFor();
  await page.locator('.status-count', { hasText: /of 100.000/ }).waitFor();

  expect(await rowCount()).toBeLessThan(MOST_ROWS);
});

test('all of them are loaded by scrolling up, and few are in the page', async () => {
  await page.keyboard.press('l');
  await page.locator('.live-state.off').waitFor();
  const most = await page.evaluate(async (lines) => {
    const scroller = document.querySelector('.scroller') as HTMLElement;
    let rows = 0;
    const loaded = () => Number(document.querySelector('.status-count')?.textContent?.split(' of ')[0]?.replace(/\D/g, ''));
    while (loaded() < lines) {
      scroller.scrollTop = 0;
      await new Promise((resolve) => requestAnimationFrame(resolve));
      rows = Math.max(rows, document.querySelectorAll('.line').length);
    }
    return rows;
  }, LINES);

  expect(most).toBeLessThan(MOST_ROWS);
}, LOADING_ALL_MS);

test('scrolling through all of them never stops for long', async () => {
  const { longest, middle, seen } = await page.evaluate(async () => {
    const scroller = document.querySelector('.scroller') as HTMLElement;
    const times: number[] = [];
    const texts = new Set<string>();
    let last = performance.now();
    for (let step = 0; step <= 200; step++) {
      scroller.scrollTop = (scroller.scrollHeight * step) / 200;
      await new Promise((resolve) => requestAnimationFrame(resolve));
      times.push(performance.now() - last);
      last = performance.now();
      for (const one of document.querySelectorAll('.line-text')) texts.add(one.textContent ?? '');
    }
    times.sort((a, b) => a - b);
    return { longest: times.at(-1) ?? 0, middle: times[100] ?? 0, seen: texts.size };
  });
  console.log(`a frame took ${middle.toFixed(1)} ms in the middle, ${longest.toFixed(1)} ms at most`);

  expect(seen).toBeGreaterThan(2000);
  expect(longest).toBeLessThan(LONGEST_FRAME_MS);
  expect(await rowCount()).toBeLessThan(MOST_ROWS);
});

test('after all that the lines in view are in order and without a hole', async () => {
  const numbers = (await logs.texts()).map((text) => Number(/^line (\d+)/.exec(text)?.[1]));

  expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, at) => (numbers[0] ?? 0) + at));
});

test('a search among them is answered with its hits only', async () => {
  await page.keyboard.press('/');
  await page.keyboard.type('"line 4711"');

  await page.locator('.status-count', { hasText: '1 of 1 lines' }).waitFor();
  await logs.line('line 4711 ').locator('mark').first().waitFor();
});

test('the browser had nothing to complain about', () => {
  expect(complaints).toEqual([]);
});
