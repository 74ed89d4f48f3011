// Vitals have the values of the `web-vitals` library.
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { startBrowser } from '../../../shared/ui/e2e/browser.ts';
import { until } from '../../../shared/ui/e2e/process.ts';
import { both, CALM, CONTENT, expectSame, notesOf, painted, RECORD, snippet, valuesOf } from './measured.ts';
import { startServices, type Services } from './services.ts';
import { startSite, type Site } from './site.ts';
import { startBrowserWithCache } from './tabs.ts';

let services: Services;
let site: Site;
let browser: Browser;

beforeAll(async () => {
  services = await startServices();
  site = await startSite(services.relay);
  browser = await startBrowser();
  write('/end', 'end');
});
afterAll(async () => {
  await browser?.close();
  await site?.stop();
  await services?.stop();
});

const write = (path: string, html: string) => site.pages.set(path, { html: `<!doctype html><title>x</title>${html}` });
const measured = (options = '') => RECORD + both(site, options).join('');

async function newPage(): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext({ viewport: { width: 800, height: 600 } });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  return { context, page };
}
const shifted = (page: Page) => page.locator('#above', { hasText: 'advertisement' }).waitFor();

test('of a load, a shift and a slow click all values are those of the library', async () => {
  write('/load', measured() + CONTENT);
  const { context, page } = await newPage();
  await page.goto(site.origin + '/load?load');
  await shifted(page);
  await painted(page);
  await page.click('button');
  await painted(page);
  await page.goto(site.origin + '/end');

  const values = await expectSame(site, '?load', ['LCP', 'CLS', 'INP', 'FCP', 'TTFB']);
  expect(values.get('CLS')![0]).toBeGreaterThan(0.01);
  expect(values.get('INP')![0]).toBeGreaterThanOrEqual(120);
  expect(values.get('FID')![0]).toBeGreaterThanOrEqual(0);
  expect(values.get('PAGE_LOAD_TIME')![0]).toBeGreaterThan(0);
  await context.close();
});

test('of a script that comes late, the values are those of the library too', async () => {
  write('/late', RECORD + CONTENT);
  const { context, page } = await newPage();
  await page.goto(site.origin + '/late?late');
  await shifted(page);
  await painted(page);
  for (const [at, html] of both(site).entries()) {
    await page.evaluate((html) => document.head.append(document.createRange().createContextualFragment(html)), html);
    await page.waitForFunction((name) => name in window, at ? 'webVitals' : 'Monlight');
  }
  await painted(page);
  await page.goto(site.origin + '/end');

  const values = await expectSame(site, '?late', ['LCP', 'CLS', 'FCP', 'TTFB']);
  expect(values.get('CLS')![0]).toBeGreaterThan(0.01);
  await context.close();
});

let tries = 0;

// When the whole machine stands still for seconds, one of both has looked before and the other after it.
test('many interactions are told by the slowest but some, as the library does', { retry: 2 }, async () => {
  const view = `?many${++tries}`;
  write('/many', measured() + CONTENT.replace('+ 120', '+ (window.slow = (window.slow || 0) + 3)'));
  const { context, page } = await newPage();
  await page.goto(site.origin + '/many' + view);
  for (let click = 0; click < 60; click++) {
    await page.click('button');
    // Without a frame in between, a busy machine paints after the last click alone, and the library has not looked yet.
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))));
  }
  await painted(page);
  await page.goto(site.origin + '/end');

  await expectSame(site, view, ['LCP', 'CLS', 'INP', 'FCP', 'TTFB']);
  await context.close();
});

test('a change of the route is no new view, as in the library, and what happens on the new route counts', async () => {
  write('/route/1', measured("release: '2.0'") + CALM);
  const { context, page } = await newPage();
  await page.goto(site.origin + '/route/1?route');
  await painted(page);
  await page.evaluate(async () => {
    history.pushState({}, '', '/other/22/edit');
    await fetch('/status/200');
  });
  await page.evaluate('shift()');
  await painted(page);
  await page.click('button');
  await painted(page);
  await page.goto(site.origin + '/end');

  const values = await expectSame(site, '?route', ['LCP', 'CLS', 'INP', 'FCP', 'TTFB']);
  expect(values.get('CLS')![0]).toBeGreaterThan(0.01);
  await until('the vitals arrive with the page of the load, requests with that of the route', async () => {
    const vitals = await services.values('web_vitals_inp', 'histogram', 'page');
    const requests = await services.values('browser_http_requests_total', 'counter', 'page');
    return vitals['/route/{id}']?.count === 1 && requests['/other/{id}/edit']?.count === 1;
  });
  expect((await services.values('web_vitals_lcp', 'histogram', 'release'))['2.0']?.count).toBe(1);
  await context.close();
});

test('a route in the fragment is a page', async () => {
  write('/app', snippet(site));
  const { context, page } = await newPage();
  await page.goto(site.origin + '/app#/orders/4711?token=abc');
  await page.evaluate(() => {
    (window as any).Monlight.client.counter('opened');
    return (window as any).Monlight.client.flush();
  });

  await until('it arrives', async () => (await services.values('opened', 'counter', 'page'))['/app#/orders/{id}']?.sum === 1);
  await context.close();
});

test('a return from the back/forward cache is a view of its own, with the values of the library', async () => {
  const own = await startBrowserWithCache();
  const page = await own.newPage();
  write('/back', measured() + CONTENT + '<script>addEventListener("pageshow", ({ persisted }) => { if (persisted) back = true; })</script>');
  await page.goto(site.origin + '/back?back');
  await painted(page);
  await page.goto(site.origin + '/end');
  // Playwright's own way back waits for a load, and there is none.
  await page.evaluate(() => void setTimeout(() => history.back()));
  await page.waitForFunction(() => 'back' in window);
  await painted(page);
  await page.goto(site.origin + '/end');

  const said = (by: 'sent' | 'library') => valuesOf(notesOf(site, '?back', by));
  const names = ['TTFB', 'CLS', 'FCP', 'LCP'];
  await until('both have said all of both views', async () => names.every((name) => said('sent').get(name)?.length == 2 && said('library').get(name)?.length == 2));
  const [ours, theirs] = [said('sent'), said('library')];
  for (const name of ['TTFB', 'CLS']) ours.get(name)!.forEach((value, at) => expect(value, name).toBeCloseTo(theirs.get(name)![at]!, 3));
  // Each takes the time in a frame callback of its own.
  for (const name of ['FCP', 'LCP']) expect(Math.abs(ours.get(name)![1]! - theirs.get(name)![1]!), name).toBeLessThan(10);
  await own.close();
});

test('sessions that are not in the sample send errors alone', async () => {
  write('/unsampled', snippet(site, 'sampleRate: 0') + CONTENT);
  const { context, page } = await newPage();
  await page.goto(site.origin + '/unsampled');
  await page.evaluate(() => {
    (window as any).Monlight.client.captureError(new Error('not sampled'));
    return (window as any).Monlight.client.flush();
  });
  await page.goto(site.origin + '/end');

  await until('the error arrives', async () => (await services.errors()).some(({ message }) => message == 'not sampled'));
  expect((await services.values('web_vitals_ttfb', 'histogram', 'page'))['/unsampled']).toBeUndefined();
  await context.close();
});
