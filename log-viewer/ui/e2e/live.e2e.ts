// Watching lines come in.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { ELSEWHERE, openPage, signIn, startBrowser } from '../../../shared/ui/e2e/browser.ts';
import type { FakeContainer } from './containers.ts';
import { logPage, type LogPage } from './log-page.ts';
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
  web = service.addContainer('shop-web-1');
  web.write(['the shop is open']);
  await signIn(page, service.address);
  await logs.line('the shop is open').waitFor();
});
afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

const numbered = (what: string, from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => `${what} ${from + at} done`);
const live = () => page.locator('.live-state.on');

test('new lines come by themselves and the end stays in view', async () => {
  await live().waitFor();
  web.write(numbered('request', 1, 200));

  await logs.line('request 200 done').waitFor();
  expect(await logs.atEnd()).toBe(true);
  await page.locator('.status-count', { hasText: '201 of 201 lines' }).waitFor();
});

test('scrolling up pauses, a pill counts, nothing moves, and G goes on', async () => {
  await page.locator('.scroller').hover();
  await page.mouse.wheel(0, -600);
  await page.locator('.pill').waitFor();
  const before = await logs.texts();
  web.write(['one more', 'and another']);

  await page.locator('.pill', { hasText: '2 new' }).waitFor();
  expect(await logs.texts()).toEqual(before);
  await page.locator('.live-state.paused').waitFor();
  await page.keyboard.press('G');

  await logs.line('and another').waitFor();
  expect(await logs.atEnd()).toBe(true);
  expect(await page.locator('.pill').count()).toBe(0);
});

test('a traceback is there with its first line and grows where it stands', async () => {
  web.write(['Traceback (most recent call last):', '  File "/srv/shop/cart.py", line 31, in total'], { stream: 'stderr' });
  await logs.line('Traceback').locator('.fold', { hasText: '+1 line' }).waitFor();

  web.write(['    return prices[product]', 'KeyError: 7'], { stream: 'stderr' });

  await logs.line('Traceback').locator('.fold', { hasText: '+3 lines' }).waitFor();
  await logs.line('KeyError: 7').waitFor();
  expect(await logs.line('Traceback').count()).toBe(1);
});

test('an entry that a search finds only when it has grown comes then', async () => {
  await page.goto(`${service.address}?search=ValueError`);
  await page.getByText('Nothing found').waitFor();
  await live().waitFor();
  web.write(['Traceback (most recent call last):', '  File "/srv/shop/cart.py", line 40, in add'], { stream: 'stderr' });
  await service.untilKnown(2, 'cart.py');

  web.write(['ValueError: not a product'], { stream: 'stderr' });

  await logs.line('ValueError: not a product').waitFor();
});

test('the stream obeys levels, container and stream like the list', async () => {
  await page.goto(`${service.address}?level=DEBUG&level=ERROR&container=shop-web-1&stream=stdout`);
  await page.getByText('Nothing found').waitFor();
  await live().waitFor();

  service.addContainer('shop-worker-1').write(['ERROR of another container']);
  web.write(['ERROR on the other stream'], { stream: 'stderr' });
  web.write(['INFO not wanted', 'DEBUG wanted', 'ERROR wanted too']);

  await logs.line('ERROR wanted too').waitFor();
  expect(await logs.texts()).toEqual(['DEBUG wanted', 'ERROR wanted too']);
});

test('page and stream join without a gap while lines keep coming', async () => {
  let last = 0;
  const writing = setInterval(() => {
    web.write(numbered('step', last + 1, last + 5));
    last += 5;
  }, 10);
  try {
    for (let round = 0; round < 5; round++) {
      await page.goto(`${service.address}?search=step`);
      await live().waitFor();
      await logs.line('step').last().waitFor();
    }
  } finally {
    clearInterval(writing);
  }
  await logs.line(`step ${last} done`).waitFor();
  await page.keyboard.press('=');

  expect(await stepsFromEnd(100)).toEqual(numbered('step', last - 99, last));
});

test('of more lines than the stream can carry the newest are shown', async () => {
  await page.goto(`${service.address}?search=flood`);
  await page.getByText('Nothing found').waitFor();
  await live().waitFor();
  web.write(numbered('flood', 1, 30_000).map((text) => `${text} ${'words '.repeat(30)}`));

  await logs.line('flood 30000 done').waitFor();
  const shown = (await logs.texts()).map((text) => Number(/^flood (\d+)/.exec(text)?.[1]));
  expect(shown.slice(-9)).toEqual(Array.from({ length: 9 }, (_, at) => 29_992 + at));
  expect(await logs.atEnd()).toBe(true);
});

test('a restart of the service loses nothing', async () => {
  await page.goto(`${service.address}?search=round`);
  await page.getByText('Nothing found').waitFor();
  await live().waitFor();
  web.write(['round 1 done']);
  await logs.line('round 1 done').waitFor();

  await service.restart(() => web.write(['round 2 done']));
  await logs.line('round 2 done').waitFor();
  web.write(['round 3 done']);

  await logs.line('round 3 done').waitFor();
  expect(await logs.texts()).toEqual(numbered('round', 1, 3));
});

test('live is switched off and on by key and is in the address', async () => {
  await page.goto(service.address);
  await live().waitFor();
  await page.keyboard.press('l');
  await page.locator('.live-state.off', { hasText: 'Go live' }).waitFor();
  expect(logs.asked('live')).toEqual(['off']);
  web.write(['unseen for now']);
  await service.untilKnown(1, 'unseen');
  expect(await logs.line('unseen for now').count()).toBe(0);

  await page.keyboard.press('l');

  await logs.line('unseen for now').waitFor();
});

test('the browser had nothing to complain about', () => {
  // While the service was down it could not be reached, which the browser notes.
  expect(complaints.filter((one) => !/ERR_(CONNECTION_REFUSED|INCOMPLETE_CHUNKED_ENCODING)/.test(one))).toEqual([]);
});

/** The last lines of the list, read while scrolling up through it. */
async function stepsFromEnd(count: number): Promise<string[]> {
  const seen = new Set<string>();
  await page.locator('.scroller').hover();
  const number = (text: string) => Number(/\d+/.exec(text)?.[0]);
  await expect
    .poll(async () => {
      for (const text of await logs.texts()) seen.add(text);
      await page.mouse.wheel(0, -300);
      return seen.size;
    })
    .toBeGreaterThan(count + 30);
  return [...seen].sort((a, b) => number(a) - number(b)).slice(-count);
}
