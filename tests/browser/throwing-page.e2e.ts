// A minified page of another origin fails, measures itself and goes away, and all of it arrives.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { openPage, startBrowser, type Watched } from '../../shared/ui/e2e/browser.ts';
import { until } from '../../shared/ui/e2e/process.ts';
import { startServices, type Services } from './services.ts';
import { fixture, startSite, type Site } from './site.ts';

const PROJECT = 'shop';
const RELEASE = '1.4.0';
/** Of each page that goes away one of each: a beacon of text, a beacon of JSON, and a fetch that outlives the page. */
const FAREWELLS = ['page_left', 'left_with_json', 'kept_alive'];
const MESSAGE = '「tea 🍵、パン」 cannot be paid 💳';

let services: Services;
let browser: Browser;
let shop: Site;
let stranger: Site;
let neighbour: Site;
let key: string;

beforeAll(async () => {
  [services, browser, shop, stranger, neighbour] = await Promise.all([startServices(), startBrowser(), startSite(), startSite(), startSite()]);
  key = await makeKey(PROJECT, shop);
  const map = { project: PROJECT, release: RELEASE, file_url: `${shop.origin}/page.js`, map_content: fixture('built/page/page.js.map') };
  await services.relay.post('/api/source-maps', map);
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([shop, stranger, neighbour].map((site) => site?.stop()));
  await services?.stop();
});

/** A DSN key for the pages of one site. */
async function makeKey(project: string, site: Site): Promise<string> {
  const made = await services.relay.post('/api/dsn-keys', { project, allowed_origins: [site.origin] });
  return made.public_key;
}

const address = (site: Site) => site.page(services.relay.address, key, RELEASE);
/** What the page says of the relay's answers. */
const answers = (page: Page, kind: string) => page.locator('#answers li', { hasText: `${kind}:` }).first().innerText();

/** Opens the page, waits until it has measured itself, and lets it fail. */
async function visit(site: Site, vitals: string): Promise<Watched> {
  const watched = await openPage(browser);
  await watched.page.goto(address(site));
  expect(await answers(watched.page, 'vitals')).toBe(`vitals: ${vitals}`);
  await watched.page.click('#order');
  return watched;
}

async function groups(): Promise<any[]> {
  return (await services.tracker.get('/api/errors')).errors;
}

/** The sum of a counter of the shop. */
async function total(name: string): Promise<number> {
  const found = await services.collector.get(`/api/metrics?name=${name}&project=${PROJECT}&labels=source:browser`);
  return found.data.reduce((sum: number, bucket: { sum: number }) => sum + bucket.sum, 0);
}

async function farewellsHaveArrived(count: number) {
  for (const name of FAREWELLS) {
    await until(`${name} has arrived ${count} times`, async () => (await total(name)) >= count);
    expect(await total(name), name).toBe(count);
  }
}

test('its error is in the tracker with the original file, line, function and code', async () => {
  const { page, complaints } = await visit(shop, '202');
  expect(await answers(page, 'errors')).toBe('errors: 201');

  const [group, ...others] = await groups();
  expect(others).toEqual([]);
  expect(group).toMatchObject({ project: PROJECT, exception_type: 'TypeError', message: MESSAGE, release: RELEASE, count: 1 });
  const [occurrence] = (await services.tracker.get(`/api/errors/${group.id}`)).occurrences;
  expect(occurrence).toMatchObject({ request_method: 'BROWSER', extra: { user_agent: expect.stringContaining('Chrome') } });
  expect(occurrence.request_url).toContain(`${shop.origin}/page.html?`);
  expect(occurrence.request_url).not.toContain(key);
  const { frames } = occurrence.extra;
  expect(frames).toHaveLength(2);
  for (const [at, file, line, column] of [[0, 'page/basket.ts', 10, 67], [1, 'page/page.ts', 10, 10]] as const) {
    const source = fixture(file).split('\n');
    expect(frames[at]).toMatchObject({ file, line, column, in_app: true });
    expect(frames[at].context_line).toBe(source[line - 1]);
    expect(frames[at].pre_context).toEqual(source.slice(line - 6, line - 1));
    expect(frames[at].post_context[0]).toBe(source[line]);
  }
  expect(frames[0].function).toMatch(/(^|\.)pay$/);
  // The tracker's own page shows the same.
  expect(occurrence.stack[0].frames[0]).toMatchObject({ file: 'page/basket.ts', line: 10, context_line: frames[0].context_line });
  await page.close();
  expect(complaints).toEqual([MESSAGE]);
});

test('what it sent as it closed arrives, in each of the ways that browsers know', async () => {
  await farewellsHaveArrived(1);
});

test('the same error of another visitor is counted', async () => {
  const { page } = await visit(shop, '202');

  expect(await answers(page, 'errors')).toBe('errors: 200');
  expect((await groups()).map(({ count }) => count)).toEqual([2]);
  await page.goto(`${shop.origin}/next.html`);
});

test('what it sent as its visitor went on arrives too', async () => {
  await farewellsHaveArrived(2);
});

test('its vitals are in the overview', async () => {
  const overview = () => services.collector.get(`/api/dashboard?project=${PROJECT}`);
  await until('the vitals of two visits have arrived', async () => {
    const { lcp, ttfb } = (await overview()).web_vitals.summary;
    return lcp?.count >= 2 && ttfb?.count >= 2;
  });

  const { summary, by_page: pages } = (await overview()).web_vitals;
  expect([summary.lcp.count, summary.ttfb.count]).toEqual([2, 2]);
  expect(summary.lcp.p75).toBeGreaterThan(0);
  expect(pages).toMatchObject([{ page: '/page.html' }]);
  expect(pages[0].lcp).toBeGreaterThan(0);
});

/** Opens the page where it is not allowed, lets it fail and go away, and gives what the browser said. */
async function isRefused(site: Site): Promise<string[]> {
  const refused = () => services.relay.figure('http_requests_total{kind="write",status="4xx"}');
  const { page, complaints } = await visit(site, 'refused by the browser');
  expect(await answers(page, 'errors')).toBe('errors: refused by the browser');
  expect(await answers(page, 'metrics')).toBe('metrics: refused by the browser');
  const before = await refused();
  await page.goto(`${site.origin}/next.html`);
  await until('what it sends as it goes away is refused too', async () => (await refused()) >= before + FAREWELLS.length);
  await page.close();
  return complaints;
}

async function nothingHasArrived() {
  expect((await groups()).map(({ project, count }) => [project, count])).toEqual([[PROJECT, 2]]);
  await farewellsHaveArrived(2);
  expect((await services.collector.get('/api/projects')).projects).toEqual([PROJECT]);
}

test('where no key allows the origin, the preflight is refused and nothing arrives', async () => {
  const complaints = await isRefused(stranger);

  expect(complaints.filter((one) => /blocked by CORS policy: Response to preflight/.test(one)).length).toBeGreaterThan(0);
  await nothingHasArrived();
});

test('where only another key allows the origin, the request is refused and nothing arrives', async () => {
  await makeKey('bakery', neighbour);

  const complaints = await isRefused(neighbour);

  expect(complaints.filter((one) => /blocked by CORS policy: No 'Access-Control-Allow-Origin'/.test(one)).length).toBeGreaterThan(0);
  await nothingHasArrived();
});
