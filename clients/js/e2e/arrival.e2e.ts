// What is measured arrives when the page goes, counted behind the relay, in the collector.
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { startBrowser } from '../../../shared/ui/e2e/browser.ts';
import { until } from '../../../shared/ui/e2e/process.ts';
import { CONTENT, painted, snippet } from './measured.ts';
import { startServices, type Services } from './services.ts';
import { startSite, type Site } from './site.ts';

const TIMES = 100;
const AT_LEAST = 99;
/** Windows at the same time, so that it takes less long. */
const LANES = 4;
const VITALS = ['lcp', 'cls', 'inp', 'fcp', 'ttfb', 'fid'];

let services: Services;
let site: Site;
let browser: Browser;

beforeAll(async () => {
  services = await startServices();
  site = await startSite(services.relay);
  browser = await startBrowser();
  for (const path of ['/closed', '/left']) write(path, snippet(site) + CONTENT);
  write('/end', 'end');
});
afterAll(async () => {
  await browser?.close();
  await site?.stop();
  await services?.stop();
});

const write = (path: string, html: string) => site.pages.set(path, { html: `<!doctype html><title>x</title>${html}` });

/** Opens the page and clicks, and then goes as it is told, for so many times. */
async function visit(path: string, go: (page: Page, time: number) => Promise<unknown>, isClosed: boolean): Promise<void> {
  const lane = async (context: BrowserContext, first: number) => {
    let page: Page | undefined;
    for (let time = first; time < TIMES; time += LANES) {
      page ??= await context.newPage();
      await page.goto(site.origin + path);
      await painted(page);
      await page.click('button');
      await painted(page);
      await go(page, time);
      if (isClosed) page = undefined;
    }
  };
  const contexts = await Promise.all(Array.from({ length: LANES }, () => browser.newContext({ viewport: { width: 800, height: 600 } })));
  await Promise.all(contexts.map(lane));
  await expectArrived(path);
  await Promise.all(contexts.map((context) => context.close()));
}

async function expectArrived(path: string): Promise<void> {
  const counts: Record<string, number> = {};
  const count = async () => {
    for (const name of VITALS) counts[name] = (await services.values('web_vitals_' + name, 'histogram', 'page'))[path]?.count ?? 0;
  };
  await until('all arrive', async () => {
    await count();
    return VITALS.every((name) => counts[name] == TIMES);
  }).catch(() => {});
  console.log(`${path}, of ${TIMES}: ${JSON.stringify(counts)}`);
  for (const name of VITALS) {
    expect(counts[name], name).toBeGreaterThanOrEqual(AT_LEAST);
    expect(counts[name], name).toBeLessThanOrEqual(TIMES);
  }
}

test(`of ${TIMES} closed tabs all vitals arrive`, () =>
  // At once, and as by its button.
  visit('/closed', (page, time) => page.close({ runBeforeUnload: time % 2 == 0 }), true));

test(`of ${TIMES} navigations all vitals arrive`, () => visit('/left', (page) => page.goto(site.origin + '/end'), false));

test('a page that has more to tell than a beacon takes tells all of it', async () => {
  const RECORD = '<script>kept = []; own = fetch; fetch = (url, init) => { kept.push(init.keepalive); return own(url, init); }</script>';
  write('/much', RECORD + snippet(site, 'vitals: false'));
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(site.origin + '/much');
  await page.evaluate(() => {
    const { addContext, captureError, histogram } = (window as any).Monlight.client;
    addContext('long', Array.from({ length: 100 }, () => '€'.repeat(1000)));
    for (let error = 0; error < 5; error++) captureError(new Error(`${error} ${'€'.repeat(20_000)}`));
    for (let point = 0; point < 150; point++) histogram('much', point, { note: '€'.repeat(190), ['n'.repeat(90)]: '€'.repeat(190) });
    Object.defineProperty(document, 'hidden', { value: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });

  await until('all arrive', async () => {
    const errors = (await services.errors()).filter(({ message }) => message.includes('€'));
    return errors.reduce((all, { count }) => all + count, 0) == 5 && (await services.values('much', 'histogram', 'page'))['/much']?.count === 150;
  });
  expect(await page.evaluate(() => (window as any).Monlight.client.flush())).toBe(true);
  // None was a second attempt, which a room that stays full would need.
  expect(await page.evaluate(() => [...new Set((window as any).kept)])).toEqual([true]);
  await context.close();
});
