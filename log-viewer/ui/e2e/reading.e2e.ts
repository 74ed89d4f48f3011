// An hour with the logs, in the real service and a real browser.
import { fileURLToPath } from 'node:url';

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { openPage, startBrowser } from './browser.ts';
import { API_KEY, startService, type FakeContainer, type Service } from './service.ts';

const SHOTS = fileURLToPath(new URL('./screenshots/', import.meta.url));
const HOSTILE = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>';

let service: Service;
let browser: Browser;
let page: Page;
let complaints: string[];
let web: FakeContainer;
let worker: FakeContainer;

beforeAll(async () => {
  service = await startService();
  browser = await startBrowser();
  ({ page, complaints } = await openPage(browser));
});
afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

const line = (text: string) => page.locator('.line', { hasText: text });
const atEnd = () =>
  page.locator('.scroller').evaluate((list) => list.scrollTop + list.clientHeight >= list.scrollHeight - 8);

test('a wrong key is refused, the right one opens the page', async () => {
  await page.goto(service.address);
  await page.fill('#api-key', 'wrong');
  await page.keyboard.press('Enter');
  await page.getByText('That key is not the right one').waitFor();

  await page.fill('#api-key', API_KEY);
  await page.keyboard.press('Enter');

  await page.getByText('Waiting for the first container').waitFor();
  expect(await page.locator('pre').first().textContent()).toContain('/var/lib/docker/containers:ro');
});

test('the first line turns the empty page over by itself', async () => {
  web = service.addContainer('shop-web-1');
  web.write(['the shop is open']);

  await line('the shop is open').waitFor();
});

test('new lines come by themselves and the end stays in view', async () => {
  web.write(Array.from({ length: 200 }, (_, at) => `request ${at} served`));

  await line('request 199 served').waitFor();
  expect(await atEnd()).toBe(true);
});

test('scrolling up pauses, a pill counts, and G goes on', async () => {
  await page.locator('.scroller').hover();
  await page.mouse.wheel(0, -600);
  await page.locator('.pill').waitFor();
  web.write(['one more', 'and another']);

  await page.locator('.pill', { hasText: '2 new' }).waitFor();
  expect(await line('and another').count()).toBe(0);
  await page.keyboard.press('G');

  await line('and another').waitFor();
  expect(await atEnd()).toBe(true);
});

test('a line of JSON is short, opens as a tree, and a field of it filters', async () => {
  web.write([JSON.stringify({ level: 'warn', msg: 'slow request', status: 503, user: { id: 8812 } })]);
  await line('slow request').locator('.pair-key', { hasText: 'status=' }).waitFor();

  await line('slow request').locator('.line-time').click();
  const status = page.locator('.json-leaf', { hasText: 'status' });
  await status.hover();
  await status.getByRole('button', { name: 'filter' }).click();

  await line('request 199 served').waitFor({ state: 'detached' });
  expect(new URL(page.url()).searchParams.get('search')).toBe('status:503');
  await page.goBack();
  await line('and another').waitFor();
});

test('a traceback is one folded entry with its colours and hits', async () => {
  worker = service.addContainer('shop-worker-1');
  worker.write(['Traceback (most recent call last):', '  File "/srv/shop/cart.py", line 31, in total', 'KeyError: 7'], 'stderr');
  worker.write(['\u001b[33mpayment\u001b[0m was refused']);

  await line('KeyError: 7').locator('.fold', { hasText: '+2 lines' }).waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('payment');

  await line('was refused').locator('mark.fg3', { hasText: 'payment' }).waitFor();
  await line('KeyError').waitFor({ state: 'detached' });
});

test('the lines around a line are unfiltered, and Esc leads back', async () => {
  await page.keyboard.press('Escape');
  await page.keyboard.press('k');
  await page.keyboard.press('c');

  await page.locator('.line.marked', { hasText: 'was refused' }).waitFor();
  await line('KeyError: 7').waitFor();
  expect(new URL(page.url()).searchParams.get('entry')).toMatch(/^\d+$/);
  await page.keyboard.press('Escape');

  await page.locator('.filter-bar').waitFor();
  expect(new URL(page.url()).searchParams.get('search')).toBe('payment');
});

test('a search that finds nothing says so and can be dropped', async () => {
  await page.goto(`${service.address}?search=nosuchword&live=off`);
  await page.getByText('Nothing found').waitFor();
  await page.getByText('Search for *nosuchword*').waitFor();

  await page.locator('.active-filters a', { hasText: 'nosuchword' }).click();

  await line('was refused').waitFor();
});

test('one container alone, two with Ctrl', async () => {
  await page.locator('.container-item a', { hasText: 'shop-worker-1' }).click();
  await line('request 199 served').waitFor({ state: 'detached' });
  await page.locator('.container-item a', { hasText: 'shop-web-1' }).click({ modifiers: ['Control'] });

  await line('slow request').waitFor();
  expect(new URL(page.url()).searchParams.getAll('container')).toEqual(['shop-worker-1', 'shop-web-1']);
});

test('a stretch of the histogram becomes the range, and back takes it off', async () => {
  await page.goto(`${service.address}?since=-15m`);
  const bars = await page.locator('.bars-place').boundingBox();
  if (!bars) throw new Error('no histogram');
  await page.mouse.move(bars.x + bars.width * 0.5, bars.y + 20);
  await page.mouse.down();
  await page.mouse.move(bars.x + bars.width - 2, bars.y + 20, { steps: 4 });
  await page.mouse.up();
  await page.waitForFunction(() => new URLSearchParams(location.search).has('until'));

  await page.goBack();

  await page.waitForFunction(() => location.search === '?since=-15m');
});

test('hostile text stays text', async () => {
  web.write([HOSTILE, JSON.stringify({ msg: HOSTILE, [HOSTILE]: HOSTILE })]);
  await page.goto(service.address);
  await line('onerror').last().waitFor();
  await line('onerror').last().locator('.line-time').click();
  await page.locator('.json-leaf').first().waitFor();

  expect(await page.title()).toBe('Logs · Monlight');
  expect(await page.locator('.page img, .page script').count()).toBe(0);
});

test.each([
  ['light', 1440],
  ['light', 375],
  ['dark', 1440],
  ['dark', 375],
] as const)('pictures in %s at %i px fit the screen', async (theme, width) => {
  await page.emulateMedia({ colorScheme: theme });
  await page.setViewportSize({ width, height: 900 });
  const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

  await page.goto(service.address);
  await page.locator('.line').first().waitFor();
  await page.screenshot({ path: `${SHOTS}list-${theme}-${width}.png` });
  expect(await overflow()).toBeLessThanOrEqual(0);
});

test('the browser had nothing to complain about', () => {
  expect(complaints).toEqual([]);
});
