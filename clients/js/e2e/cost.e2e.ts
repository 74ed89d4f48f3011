// What the client costs a page. The best of several measurements, because the machine may be busy with others.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { startBrowser } from '../../../shared/ui/e2e/browser.ts';
import { DSN_KEY } from './services.ts';
import { startSite, type Site } from './site.ts';

/** On a processor of a quarter of the speed. The browser's own slowing-down stops a page for moments, which a start may or may not meet. */
const INIT_MS = 5;
const SLOWNESS = 4;
const STARTS = 15;
const FETCH_US = 50;
/** What an error costs that is one of ten thousand in a second. */
const STORM_US = 100;
/** Only a client that is too slow needs them all. */
const MOST_ROUNDS = 20;

let site: Site;
let browser: Browser;

beforeAll(async () => {
  site = await startSite('http://127.0.0.1:1');
  browser = await startBrowser();
  site.pages.set('/', { html: '<!doctype html><script src="/monlight.min.js"></script>' });
});
afterAll(async () => {
  await browser?.close();
  await site?.stop();
});

async function open(slowness: number): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(site.origin);
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: slowness });
  return page;
}
const middle = (times: number[]) => [...times].sort((one, other) => one - other)[times.length >> 1]!;

test(`a client starts in ${INIT_MS} ms on a processor of a quarter of the speed`, async () => {
  let usual = Infinity;
  for (let round = 0; round < MOST_ROUNDS && usual > INIT_MS; round++) {
    const times: number[] = [];
    while (times.length < STARTS) {
      // The first start of a page: nothing is warm.
      const page = await open(1);
      const taken = await page.evaluate((key) => {
        const started = performance.now();
        new (window as any).Monlight({ dsn: `https://${key}@relay.invalid` });
        return performance.now() - started;
      }, DSN_KEY);
      times.push(taken * SLOWNESS);
      await page.close();
    }
    usual = middle(times);
    console.log(`init: ${Math.min(...times).toFixed(1)} ms at best, ${usual.toFixed(1)} ms in the middle of ${STARTS}`);
  }

  expect(usual).toBeLessThanOrEqual(INIT_MS);
});

test(`a request costs ${FETCH_US} µs more`, async () => {
  const page = await open(1);
  const [without, with_] = await page.evaluate(async (key) => {
    const response = new Response('');
    window.fetch = () => Promise.resolve(response);
    const best = async () => {
      let least = Infinity;
      for (let round = 0; round < 20; round++) {
        const started = performance.now();
        for (let request = 0; request < 500; request++) await fetch('/orders/4711?step=2');
        least = Math.min(least, performance.now() - started);
      }
      return (least / 500) * 1000;
    };
    const before = await best();
    new (window as any).Monlight({ dsn: `https://${key}@relay.invalid` });
    return [before, await best()];
  }, DSN_KEY);

  console.log(`a request: ${without!.toFixed(1)} µs without, ${with_!.toFixed(1)} µs with the client`);
  expect(with_! - without!).toBeLessThanOrEqual(FETCH_US);
  await page.close();
});

test.each([
  ['the same error', (_: number) => 'again'],
  ['another error', (at: number) => `error ${at}`],
])(`${STORM_US} µs are what %s costs, ten thousand times`, async (_, text) => {
  const page = await open(1);
  const microseconds = await page.evaluate(
    ([key, text]) => {
      const make = eval(text!) as (at: number) => string;
      const { captureError } = new (window as any).Monlight({ dsn: `https://${key}@relay.invalid` });
      const errors = Array.from({ length: 10_000 }, (_, at) => new Error(make(at)));
      // The browser writes the stack when it is first read, which is not the client's cost alone.
      for (const { stack } of errors) void stack;
      const started = performance.now();
      for (const error of errors) captureError(error);
      return (performance.now() - started) / 10;
    },
    [DSN_KEY, String(text)],
  );

  console.log(`an error of ten thousand: ${microseconds.toFixed(1)} µs`);
  expect(microseconds).toBeLessThanOrEqual(STORM_US);
  await page.close();
});

test('neither start nor errors nor a hide are a long task, on a processor slowed down to a quarter', async () => {
  let longest: number[] = [];
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const page = await open(SLOWNESS);
    longest = await page.evaluate(async (key) => {
      const found: number[] = [];
      const observer = new PerformanceObserver((list) => found.push(...list.getEntries().map(({ duration }) => duration)));
      observer.observe({ type: 'longtask' });
      const task = (act: () => void) => new Promise<void>((resolve) => setTimeout(() => resolve(act()), 20));
      await task(() => {});
      found.length = 0;
      observer.takeRecords();

      let client: any;
      await task(() => (client = new (window as any).Monlight({ dsn: `https://${key}@relay.invalid` })));
      for (let error = 0; error < 60; error++) {
        // Thrown, it would be the console's cost too.
        setTimeout(() => dispatchEvent(new ErrorEvent('error', { error: new Error(`error ${error}`), message: 'x' })));
      }
      await task(() => {});
      for (let point = 0; point < 100; point++) await Promise.resolve(client.histogram('size', point, { kind: point }));
      await task(() => {
        Object.defineProperty(document, 'hidden', { value: true });
        document.dispatchEvent(new Event('visibilitychange'));
      });
      await task(() => {});
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      return [...found, ...observer.takeRecords().map(({ duration }) => duration)];
    }, DSN_KEY);
    await page.close();
    if (!longest.length) break;
    console.log(`long tasks of round ${round}: ${longest.join(' ')} ms`);
  }

  expect(longest).toEqual([]);
});
