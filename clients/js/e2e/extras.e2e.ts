// What the full build adds, in a real browser.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { openPage, startBrowser } from '../../../shared/ui/e2e/browser.ts';
import { until } from '../../../shared/ui/e2e/process.ts';
import { DSN_KEY, startServices, type Services } from './services.ts';
import { PREFIX, startSite, type Site } from './site.ts';

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

const page = (options: string) => ({
  html: `<!doctype html><title>x</title><button id="pay">Pay</button>
    <script>MonlightConfig = { dsn: '${(site.origin + PREFIX).replace('://', `://${DSN_KEY}@`)}', ${options} }</script>
    <script src="/monlight.full.min.js"></script>`,
});
const found = async (type: string) => (await services.errors()).find(({ exception_type }) => exception_type == type);

test('an error arrives with what happened before, and so do the console and an image that is not there', async () => {
  site.pages.set('/shop', page('captureConsole: true'));
  const { page: tab } = await openPage(browser);
  await tab.goto(site.origin + '/shop');
  await tab.click('#pay');
  await tab.evaluate(async () => {
    history.pushState({}, '', '/paid/7');
    await fetch('/status/200');
    document.body.append(Object.assign(new Image(), { src: '/no-such-image.png' }));
    console.error('no tea');
    setTimeout(() => {
      throw new TypeError('after all that');
    });
  });

  await until('all arrive', async () => !!(await found('TypeError')) && !!(await found('ResourceError')) && !!(await found('ConsoleError')));
  const { occurrences } = await services.error((await found('TypeError'))!.id);
  expect(occurrences[0].extra.breadcrumbs).toMatchObject([
    { category: 'click', message: 'button#pay' },
    { category: 'navigation', message: `${site.origin}/paid/7` },
    { category: 'request', message: `GET ${site.origin}/status/{id}: 200` },
  ]);
  await tab.context().close();
});

test('a trace goes with the requests to named origins, and never over one that is there', async () => {
  site.pages.set('/traced', page('propagateTraceTo: [location.origin]'));
  const { page: tab } = await openPage(browser);
  const traces: Record<string, string | undefined> = {};
  tab.on('request', (request) => (traces[new URL(request.url()).search + request.method()] = request.headers()['traceparent']));
  await tab.goto(site.origin + '/traced');
  await tab.evaluate(async (other) => {
    const ask = (path: string, trace?: string) =>
      new Promise((resolve) => {
        const request = new XMLHttpRequest();
        request.open('GET', path);
        if (trace) request.setRequestHeader('Traceparent', trace);
        request.onloadend = resolve;
        request.send();
      });
    await fetch('/status/200?fetch');
    await fetch(new Request('/status/200?request', { headers: { 'X-Own': '1' } }));
    await fetch('/status/200?own', { headers: { traceparent: 'mine' } });
    await fetch(other + '/status/200?other', { mode: 'no-cors' });
    await ask('/status/200?xhr');
    await ask('/status/200?xhrown', 'mine');
  }, site.otherOrigin);

  const made = expect.stringMatching(/^00-[\da-f]{32}-[\da-f]{16}-01$/);
  expect(traces).toMatchObject({ '?fetchGET': made, '?requestGET': made, '?ownGET': 'mine', '?xhrGET': made, '?xhrownGET': 'mine' });
  expect(traces['?otherGET']).toBeUndefined();
  await tab.context().close();
});
