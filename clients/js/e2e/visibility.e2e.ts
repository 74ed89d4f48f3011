// Vitals of pages that are not seen from their start to their end have the values of the `web-vitals` library.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { startBrowser } from '../../../shared/ui/e2e/browser.ts';
import { until } from '../../../shared/ui/e2e/process.ts';
import { both, CALM, CONTENT, expectSame, notesOf, RECORD } from './measured.ts';
import { startServices, type Services } from './services.ts';
import { startSite, type Site } from './site.ts';
import { openTab, startBrowserAt } from './tabs.ts';

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

const write = (path: string, html: string) => site.pages.set(path, { html: `<!doctype html><title>x</title>${RECORD}${both(site).join('')}${html}` });
/**
 * Tells the site where the page stands, when it has loaded and at each change; when it was prerendered it goes
 * soon after. */
const TELL = `<script>
  const tell = (state) => note('page', [state + ' ' + document.visibilityState]);
  addEventListener('load', () => setTimeout(() => tell(document.prerendering ? 'prerendered' : 'loaded'), 300));
  addEventListener('visibilitychange', () => tell('now'));
  document.addEventListener('prerenderingchange', () => {
    tell('activated');
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => (location.href = '/after'), 400)));
  });
</script>`;
const told = (view: string, state: string) =>
  until(`${view} is ${state}`, async () => site.notes.some((note) => note.view == view && note.by == 'page' && note.said[0] == state));

test('a tab that is closed tells all values, those of the library', async () => {
  write('/tab', CONTENT + TELL);
  const tab = await openTab(browser, site.origin + '/tab?closed');
  await told('?closed', 'loaded visible');
  await tab.close();

  await expectSame(site, '?closed', ['LCP', 'CLS', 'FCP', 'TTFB']);
});

test('a tab that is opened in the background has no paint that anybody saw, as in the library', async () => {
  write('/background', CONTENT + TELL);
  const front = await openTab(browser, site.origin + '/tab?front');
  await told('?front', 'loaded visible');
  const tab = await openTab(browser, site.origin + '/background?background', true);
  await told('?background', 'loaded hidden');
  await tab.show();
  await told('?background', 'now visible');
  await tab.close();
  await front.close();

  await expectSame(site, '?background', ['TTFB']);
});

test('a tab that is hidden, shown and closed tells the grown value under the same id, and the collector keeps the last', async () => {
  write('/hidden', CALM + TELL + `<script>addEventListener('visibilitychange', () => document.hidden || shift());
    new PerformanceObserver(() => setTimeout(() => tell('shifted'))).observe({ type: 'layout-shift' });</script>`);
  const tab = await openTab(browser, site.origin + '/hidden?hidden');
  await told('?hidden', 'loaded visible');
  const front = await openTab(browser, site.origin + '/tab?front2');
  await told('?hidden', 'now hidden');
  await tab.show();
  await told('?hidden', 'shifted visible');
  await tab.close();
  await front.close();

  const cls = () => notesOf(site, '?hidden', 'sent').filter(({ name }) => name == 'web_vitals_cls');
  await until('it is told a second time', async () => cls().length == 2);
  const values = await expectSame(site, '?hidden', ['LCP', 'CLS', 'FCP', 'TTFB']);
  expect(new Set(cls().map(({ id }) => id)).size).toBe(1);
  expect(values.get('CLS')![0]).toBeGreaterThan(0.01);
  expect(cls().map(({ value }) => value)).toEqual([0, values.get('CLS')![0]]);
  await until('the collector has the last value', async () => {
    const found = (await services.values('web_vitals_cls', 'histogram', 'page'))['/hidden'];
    return found?.count === 1 && Math.abs(found.sum - values.get('CLS')![0]!) < 1e-6;
  });
});

test('a page that was prerendered counts from its activation, as in the library', async () => {
  write('/prerendered', CALM + TELL);
  const rules = JSON.stringify({ prerender: [{ urls: ['/prerendered?prerendered'], eagerness: 'immediate' }] });
  // The link is followed when the other page says that it waits.
  write('/before', `<script type="speculationrules">${rules}</script><script>
    addEventListener('storage', ({ key }) => key == 'ready' && (location.href = '/prerendered?prerendered'));</script>`);
  site.pages.set('/prerendered', {
    html: site.pages.get('/prerendered')!.html + `<script>
      if (document.prerendering) addEventListener('load', () => setTimeout(() => (localStorage.ready = Date.now()), 400));</script>`,
  });
  const stop = startBrowserAt(site.origin + '/before?before');
  await told('?prerendered', 'prerendered hidden');
  await told('?prerendered', 'activated visible');
  const values = await expectSame(site, '?prerendered', ['LCP', 'CLS', 'FCP', 'TTFB']);
  await stop();

  // The answer had come long before.
  expect(values.get('TTFB')).toEqual([0]);
});
