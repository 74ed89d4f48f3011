// A morning with the error tracker, in the real service and a real browser.
import { fileURLToPath } from 'node:url';

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { openPage, startBrowser } from '../../../shared/ui/e2e/browser.ts';
import { API_KEY } from '../../../shared/ui/e2e/process.ts';
import { startService, type Service } from './service.ts';

const SHOTS = fileURLToPath(new URL('./screenshots/', import.meta.url));
const HOSTILE = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>';
const TRACEBACK = `Traceback (most recent call last):
  File "/srv/shop/checkout.py", line 88, in checkout
    amount = cart.total(prices)
  File "/usr/lib/python3.11/site-packages/starlette/routing.py", line 74, in app
    response = await f(request)
  File "/usr/lib/python3.11/site-packages/starlette/routing.py", line 90, in wrapped
    return await f(request)
  File "/srv/shop/cart.py", line 31, in total
    return prices[product]
KeyError: 7
`;

/** As the browser relay sends them. */
const RELAY_FRAMES = [
  {
    file: 'src/cart/total.ts',
    line: 31,
    column: 12,
    function: 'total',
    source: 'webpack:///./src/cart/total.ts',
    in_app: true,
    pre_context: ['export function total(prices, products) {', '  let sum = 0;', '  for (const product of products) {'],
    context_line: '    sum += prices[product].cents;',
    post_context: ['  }', '  return sum;', '}'],
  },
  { file: 'https://cdn.example.com/assets/vendor.4f2a91c0.js', line: 1, column: 48211, function: 'Kt', in_app: false, pre_context: [], post_context: [], unresolved: 'there is no source map for the script' },
  { file: 'src/checkout.ts', line: 8, column: 3, function: 'checkout', in_app: true, pre_context: [], post_context: [], no_context: 'the map holds no sources' },
  { file: 'https://shop.example.com/assets/checkout.js', line: 1, column: 902, in_app: true, pre_context: [], post_context: [], unresolved: 'the map does not cover the position' },
  { file: '', function: 'Array.forEach', in_app: false, pre_context: [], post_context: [], unresolved: 'the frame is not in a script' },
];
const BROWSER_REPORT = {
  project: 'storefront',
  exception_type: 'TypeError',
  message: "Cannot read properties of undefined (reading 'cents')",
  traceback: `TypeError: Cannot read properties of undefined (reading 'cents')
    at total (src/cart/total.ts:31:12)
    at Kt (https://cdn.example.com/assets/vendor.4f2a91c0.js:1:48211)
    at checkout (src/checkout.ts:8:3)
    at https://shop.example.com/assets/checkout.js:1:902
    at Array.forEach (<anonymous>)`,
  request_url: 'https://shop.example.com/checkout',
  request_method: 'BROWSER',
};

let service: Service;
let browser: Browser;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  service = await startService();
  browser = await startBrowser();
  ({ page, complaints } = await openPage(browser));
});
afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

const row = (text: string) => page.locator('tr.error', { hasText: text });
const refresh = () => page.locator('.live-state').click();

test('a wrong key is refused, the right one opens the page', async () => {
  await page.goto(service.address);
  await page.fill('#api-key', 'wrong');
  await page.keyboard.press('Enter');
  await page.getByText('That key is not the right one').waitFor();

  await page.fill('#api-key', API_KEY);
  await page.keyboard.press('Enter');

  await page.getByText('Waiting for the first report').waitFor();
  expect(await page.locator('pre').first().textContent()).toContain(`${service.address}api/errors`);
});

test('the first report turns the empty page over by itself', async () => {
  await service.report({ traceback: TRACEBACK, environment: 'production', release: '1.0', user_id: 'u-1', extra: { cart: { id: 8812 } } });

  await row('KeyError').waitFor();

  expect(await row('KeyError').locator('.cell-count').textContent()).toBe('1');
});

test('a second report of the same error counts', async () => {
  const answer = await service.report({ traceback: TRACEBACK, environment: 'staging', release: '1.1' });
  expect(answer).toMatchObject({ status: 'incremented', count: 2 });

  await refresh();

  await row('KeyError').locator('.cell-count', { hasText: '2' }).waitFor();
  expect(await page.locator('tr.error').count()).toBe(1);
});

test('another error waits behind the pill', async () => {
  await service.report({ exception_type: 'HostileError', message: HOSTILE, project: 'storefront', extra: { [HOSTILE]: HOSTILE } });

  await page.getByRole('button', { name: '1 new' }).waitFor();
  expect(await page.locator('tr.error').count()).toBe(1);
  await page.keyboard.press('.');

  await row('HostileError').waitFor();
});

test('the keyboard opens an error and its frames are there', async () => {
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('o');

  await page.locator('.detail-header h1', { hasText: 'KeyError' }).waitFor();
  await page.locator('.frame-head', { hasText: 'cart.py:31' }).waitFor();
  await page.locator('.folded-frames', { hasText: '▸ 2 library frames' }).waitFor();
  await page.locator('.chart canvas').waitFor();
});

test('the occurrences are walked by key and put side by side', async () => {
  await page.getByText('Occurrence 1 of 2').waitFor();
  await page.keyboard.press(']');
  await page.getByText('Occurrence 2 of 2').waitFor();
  await page.keyboard.press('[');
  await page.getByText('Occurrence 1 of 2').waitFor();

  await page.getByLabel('Put another occurrence beside it').selectOption({ index: 1 });

  await page.locator('.compare mark', { hasText: '1' }).first().waitFor();
});

test('r resolves, and the next report makes it a regression', async () => {
  await page.keyboard.press('r');
  await page.locator('.detail-title .badge', { hasText: 'RESOLVED' }).waitFor();

  const answer = await service.report({ traceback: TRACEBACK, environment: 'production' });
  expect(answer.status).toBe('reopened');
  await page.keyboard.press('Escape');
  await page.locator('tr.error').first().waitFor();
  await refresh();

  await row('KeyError').locator('.badge', { hasText: 'REGRESSED' }).waitFor();
});

test('filters are in the address, and back takes them off', async () => {
  await page.getByLabel('Project', { exact: true }).selectOption('storefront');
  await row('KeyError').waitFor({ state: 'detached' });
  expect(new URL(page.url()).search).toBe('?project=storefront');

  await page.goBack();

  await row('KeyError').waitFor();
  expect(new URL(page.url()).search).toBe('');
});

test('a search that finds nothing says so and can be cleared', async () => {
  await page.keyboard.press('/');
  await page.keyboard.type('no such thing');
  await page.getByText('Nothing matches').waitFor();

  await page.getByText('Clear filters').click();

  await row('KeyError').waitFor();
});

test('hostile text stays text', async () => {
  await row('HostileError').locator('.row-link').click();
  await page.locator('.detail-message', { hasText: 'onerror' }).waitFor();

  // The title is set last, once the page has been drawn.
  await page.waitForFunction(() => document.title.startsWith('HostileError'));
  expect(await page.locator('.page img, .page script').count()).toBe(0);
});

test('a selection is ignored as a whole and taken back', async () => {
  await page.goBack();
  await row('HostileError').waitFor();
  await page.getByLabel('Select all rows shown').check();
  await page.locator('.bulk-bar').getByRole('button', { name: 'Ignore' }).click();
  await page.locator('.badge', { hasText: 'IGNORED' }).nth(1).waitFor();

  await page.getByRole('button', { name: 'Undo' }).last().click();

  await page.locator('.badge', { hasText: 'IGNORED' }).first().waitFor({ state: 'detached' });
});

test('a stack from a browser shows its source, and why a frame has none', async () => {
  const { id } = await service.report({ ...BROWSER_REPORT, extra: { frames: RELAY_FRAMES } });
  await page.goto(`${service.address}?error=${id}`);

  const frame = (text: string) => page.locator('.frame', { hasText: text });
  await frame('total.ts:31:12').locator('.source .marked', { hasText: 'sum += prices[product].cents' }).waitFor();
  await frame('total.ts:31:12').getByRole('button').click();
  expect(await page.locator('.source').count()).toBe(0);
  for (const [place, reason] of [
    ['vendor.4f2a91c0.js:1:48211', 'there is no source map for the script'],
    ['checkout.ts:8:3', 'the map holds no sources'],
    ['checkout.js:1:902', 'the map does not cover the position'],
    ['Array.forEach', 'the frame is not in a script'],
  ] as const) {
    expect(await frame(place).locator('.unresolved').textContent()).toBe(reason);
  }
  expect(await page.locator('.frame.in-app').count()).toBe(3);
});

test('frames that are malformed leave the stack as it was read', async () => {
  const malformed = [{ ...RELAY_FRAMES[0], line: 'thirty-one' }, null, 7];
  const { id } = await service.report({ ...BROWSER_REPORT, exception_type: 'RangeError', extra: { frames: malformed } });
  await page.goto(`${service.address}?error=${id}`);

  await page.locator('.frame-head', { hasText: 'total.ts:31:12' }).waitFor();
  expect(await page.locator('.source, .unresolved').count()).toBe(0);
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
  await row('KeyError').waitFor();
  await page.screenshot({ path: `${SHOTS}list-${theme}-${width}.png`, fullPage: true });
  expect(await overflow()).toBeLessThanOrEqual(0);

  await row('KeyError').locator('.row-link').click();
  await page.locator('.chart canvas').waitFor();
  await page.screenshot({ path: `${SHOTS}detail-${theme}-${width}.png`, fullPage: true });
  expect(await overflow()).toBeLessThanOrEqual(0);

  await page.goto(service.address);
  await row('TypeError').locator('.row-link').click();
  await page.locator('.unresolved').first().waitFor();
  await page.screenshot({ path: `${SHOTS}browser-${theme}-${width}.png`, fullPage: true });
  expect(await overflow()).toBeLessThanOrEqual(0);
});

test('the browser had nothing to complain about', () => {
  expect(complaints).toEqual([]);
});
