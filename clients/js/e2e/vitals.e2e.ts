// Vitals have the values of the `web-vitals` library, and arrive when the page goes.
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { startBrowser } from '../../../shared/ui/e2e/browser.ts';
import { until } from '../../../shared/ui/e2e/process.ts';
import { DSN_KEY, startServices, type Services } from './services.ts';
import { PREFIX, startSite, type Site } from './site.ts';

const CLOSES = 30;

let services: Services;
let site: Site;
let browser: Browser;

beforeAll(async () => {
  services = await startServices();
  site = await startSite(services.relay);
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await site?.stop();
  await services?.stop();
});

/** Remembers what our script sends and what the library says, over a navigation. */
const RECORD = `<script>
  const note = (name, entry) => sessionStorage.setItem(name, JSON.stringify([...JSON.parse(sessionStorage.getItem(name) || '[]'), ...entry]));
  const { sendBeacon } = navigator, own = fetch;
  navigator.sendBeacon = (url, body) => { note('sent', JSON.parse(body).metrics || []); return sendBeacon.call(navigator, url, body); };
  fetch = (url, init) => { if (init && init.body) note('sent', JSON.parse(init.body).metrics || []); return own(url, init); };
</script>`;
const LIBRARY = `<script src="/web-vitals.js" onload="for (const on of ['onLCP', 'onCLS', 'onINP', 'onFCP', 'onTTFB']) webVitals[on](({ name, value, id }) => note('library', [{ name, value, id }]));"></script>`;
/** Something that can shift what is there, and a button that is slow. */
const CALM = `<h1>Tea</h1><p id="above"></p><p style="height: 200px; background: #eee">below</p>
<button onclick="const end = performance.now() + 120; while (performance.now() < end);">Buy</button>
<script>function shift() {
  const above = document.querySelector('#above');
  above.style.height = '150px';
  above.textContent = 'An advertisement with a lot of text. '.repeat(30);
}</script>`;
const CONTENT = CALM + '<script>setTimeout(shift, 300)</script>';

const write = (path: string, html: string) => site.pages.set(path, { html: `<!doctype html><title>x</title>${html}` });
const snippet = (options = '') =>
  `<script>MonlightConfig = { dsn: '${(site.origin + PREFIX).replace('://', `://${DSN_KEY}@`)}', ${options} }</script><script src="/monlight.min.js"></script>`;

interface Said {
  name: string;
  value: number;
  id: string;
}

/** The last value of each id, by the short name of the vital. */
async function said(page: Page, by: 'sent' | 'library'): Promise<Map<string, number[]>> {
  const all = await page.evaluate((name) => JSON.parse(sessionStorage.getItem(name) || '[]') as Said[], by);
  const last = new Map(all.filter(({ id }) => id).map((one) => [one.id, one]));
  const values = new Map<string, number[]>();
  for (const { name, value } of last.values()) {
    const short = name.replace('web_vitals_', '').toUpperCase();
    values.set(short, [...(values.get(short) ?? []), value]);
  }
  return values;
}

async function expectSame(page: Page, names: string[]): Promise<void> {
  const [ours, theirs] = [await said(page, 'sent'), await said(page, 'library')];
  for (const name of names) {
    const [our, their] = [ours.get(name) ?? [], theirs.get(name) ?? []];
    expect(our.length, `${name}: ${our} beside ${their}`).toBe(their.length);
    our.forEach((value, at) => expect(value, `${name} ${at}`).toBeCloseTo(their[at]!, 3));
  }
}

async function newPage(): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext({ viewport: { width: 800, height: 600 } });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  write('/end', 'end');
  return { context, page };
}
const painted = (page: Page) =>
  page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve, 50)))));

test('of a load, a shift and a slow click all values are those of the library', async () => {
  write('/load', RECORD + snippet() + LIBRARY + CONTENT);
  const { context, page } = await newPage();
  await page.goto(site.origin + '/load');
  await page.locator('#above', { hasText: 'advertisement' }).waitFor();
  await painted(page);
  await page.click('button');
  await painted(page);
  await page.goto(site.origin + '/end');

  const values = await said(page, 'sent');
  await expectSame(page, ['LCP', 'CLS', 'INP', 'FCP', 'TTFB']);
  expect(values.get('CLS')![0]).toBeGreaterThan(0.01);
  expect(values.get('INP')![0]).toBeGreaterThanOrEqual(120);
  expect(values.get('FID')![0]).toBeGreaterThanOrEqual(0);
  expect(values.get('PAGE_LOAD_TIME')![0]).toBeGreaterThan(0);
  await context.close();
});

test('of a script that comes late, the values are those of the library too', async () => {
  write('/late', RECORD + CONTENT);
  const { context, page } = await newPage();
  await page.goto(site.origin + '/late');
  await page.locator('#above', { hasText: 'advertisement' }).waitFor();
  await painted(page);
  for (const html of [snippet(), LIBRARY]) {
    await page.evaluate((html) => document.head.append(document.createRange().createContextualFragment(html)), html);
    await page.waitForFunction((name) => name in window, html == LIBRARY ? 'webVitals' : 'Monlight');
  }
  await painted(page);
  await page.goto(site.origin + '/end');

  await expectSame(page, ['LCP', 'CLS', 'FCP', 'TTFB']);
  expect((await said(page, 'sent')).get('CLS')![0]).toBeGreaterThan(0.01);
  await context.close();
});

test('many interactions are told by the slowest but some, as the library does', async () => {
  write('/many', RECORD + snippet() + LIBRARY + CONTENT.replace('+ 120', '+ (window.slow = (window.slow || 0) + 3)'));
  const { context, page } = await newPage();
  await page.goto(site.origin + '/many');
  for (let click = 0; click < 60; click++) await page.click('button');
  await painted(page);
  await page.goto(site.origin + '/end');

  await expectSame(page, ['INP', 'LCP', 'CLS']);
  await context.close();
});

test('a page that is hidden again tells the grown value under the same id, and the collector keeps the last', async () => {
  write('/hidden', RECORD + snippet() + LIBRARY + CALM);
  const { context, page } = await newPage();
  const turn = (state: string) =>
    page.evaluate((state) => {
      for (const [name, value] of Object.entries({ visibilityState: state, hidden: state == 'hidden' })) {
        if (state == 'hidden') Object.defineProperty(document, name, { value, configurable: true });
        else delete (document as any)[name];
      }
      document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
    }, state);
  await page.goto(site.origin + '/hidden');
  await painted(page);
  await turn('hidden');
  await turn('visible');
  await page.evaluate('shift()');
  await painted(page);
  await page.goto(site.origin + '/end');

  await expectSame(page, ['CLS', 'LCP', 'FCP', 'TTFB']);
  const told = await page.evaluate(() => (JSON.parse(sessionStorage.getItem('sent')!) as Said[]).filter(({ name }) => name == 'web_vitals_cls'));
  expect(new Set(told.map(({ id }) => id)).size).toBe(1);
  expect(told.length).toBe(2);
  await until('the collector has the last value', async () => {
    const found = (await services.values('web_vitals_cls', 'histogram', 'page'))['/hidden'];
    return found?.count === 1 && Math.abs(found.sum - told[1]!.value) < 1e-6;
  });
  await context.close();
});

test('a return from the back/forward cache is a view of its own, with the values of the library', async () => {
  const own = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  });
  const page = await own.newPage();
  write('/back', RECORD + snippet() + LIBRARY + CONTENT + '<script>addEventListener("pageshow", ({ persisted }) => { if (persisted) back = true; })</script>');
  write('/end', 'end');
  await page.goto(site.origin + '/back');
  await painted(page);
  await page.goto(site.origin + '/end');
  // Playwright's own way back waits for a load, and there is none.
  await page.evaluate(() => void setTimeout(() => history.back()));
  await page.waitForFunction(() => 'back' in window);
  await painted(page);
  await page.goto(site.origin + '/end');

  const ours = await said(page, 'sent');
  for (const name of ['TTFB', 'CLS']) expect(ours.get(name)?.length, name).toBe(2);
  await expectSame(page, ['TTFB', 'CLS']);
  const theirs = await said(page, 'library');
  // Each takes the time in a frame callback of its own.
  for (const name of ['FCP', 'LCP']) {
    expect(ours.get(name)!.length, name).toBe(2);
    expect(Math.abs(ours.get(name)![1]! - theirs.get(name)![1]!), name).toBeLessThan(10);
  }
  await own.close();
});

test(`of ${CLOSES} closed tabs and ${CLOSES} navigations all vitals arrive`, async () => {
  write('/closed', snippet() + CONTENT);
  write('/left', snippet() + CONTENT);
  const { context, page } = await newPage();
  for (let time = 0; time < CLOSES; time++) {
    const tab = await context.newPage();
    await tab.goto(site.origin + '/closed');
    await painted(tab);
    await tab.click('button');
    await painted(tab);
    await tab.close({ runBeforeUnload: true });
  }
  for (let time = 0; time < CLOSES; time++) {
    await page.goto(site.origin + '/left');
    await painted(page);
    await page.click('button');
    await painted(page);
    await page.goto(site.origin + '/end');
  }

  for (const name of ['lcp', 'cls', 'inp', 'fcp', 'ttfb', 'fid']) {
    let found: Record<string, { count: number }> = {};
    await until(`all of ${name} arrive`, async () => {
      found = await services.values('web_vitals_' + name, 'histogram', 'page');
      return found['/closed']?.count === CLOSES && found['/left']?.count === CLOSES;
    }).catch((error) => {
      throw new Error(`${error.message}: ${JSON.stringify(found)}`);
    });
  }
  await context.close();
});

test('vitals carry the page of the load, requests that of the route', async () => {
  write('/route/1', snippet("release: '2.0'") + CONTENT);
  const { context, page } = await newPage();
  await page.goto(site.origin + '/route/1');
  await painted(page);
  await page.evaluate(async () => {
    history.pushState({}, '', '/other/22/edit');
    await fetch('/status/200');
  });
  await page.goto(site.origin + '/end');

  await until('both arrive', async () => {
    const vitals = await services.values('web_vitals_lcp', 'histogram', 'page');
    const requests = await services.values('browser_http_requests_total', 'counter', 'page');
    return vitals['/route/{id}']?.count === 1 && requests['/other/{id}/edit']?.count === 1;
  });
  expect((await services.values('web_vitals_lcp', 'histogram', 'release'))['2.0']?.count).toBe(1);
  await context.close();
});

test('sessions that are not in the sample send errors alone', async () => {
  write('/unsampled', snippet('sampleRate: 0') + CONTENT);
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
