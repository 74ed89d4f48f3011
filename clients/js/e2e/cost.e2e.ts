// What the client costs a page. The best of several measurements, because the machine may be busy with others.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { startBrowser } from '../../../shared/ui/e2e/browser.ts';
import { DSN_KEY } from './services.ts';
import { startSite, type Site } from './site.ts';

const INIT_MS = 5;
const FETCH_US = 50;
/** Only a client that is too slow needs them all. */
const MOST_STARTS = 60;

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

test(`a client starts in ${INIT_MS} ms on a processor slowed down to a quarter`, async () => {
  const times: number[] = [];
  while (times.length < MOST_STARTS && !(Math.min(...times) <= INIT_MS)) {
    const page = await open(4);
    const taken = await page.evaluate((key) => {
      const started = performance.now();
      new (window as any).Monlight({ dsn: `https://${key}@relay.invalid` });
      return performance.now() - started;
    }, DSN_KEY);
    times.push(taken);
    await page.close();
  }

  console.log(`init, slowed down: ${times.map((time) => time.toFixed(1)).join(' ')} ms`);
  expect(Math.min(...times)).toBeLessThanOrEqual(INIT_MS);
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
});
