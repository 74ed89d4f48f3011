// The snippet of the README, behind a path prefix of nginx with TLS.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { startBrowser } from '../../../shared/ui/e2e/browser.ts';
import { until } from '../../../shared/ui/e2e/process.ts';
import { startProxy, type Proxy } from './nginx.ts';
import { DSN_KEY, startServices, type Services } from './services.ts';
import { PREFIX, startSite, type Site } from './site.ts';

let services: Services;
let site: Site;
let proxy: Proxy;
let browser: Browser;

beforeAll(async () => {
  services = await startServices();
  site = await startSite(services.relay);
  proxy = await startProxy(site.origin, services.relay);
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await proxy?.stop();
  await site?.stop();
  await services?.stop();
});

test('behind a path prefix of nginx errors, metrics and what a leaving page tells arrive', async () => {
  site.pages.set('/end', { html: 'end' });
  site.pages.set('/shop/orders/7', {
    html: `<!doctype html><h1>Shop</h1><script src="/monlight.min.js"></script>
      <script>const monitor = new Monlight({ dsn: '${(proxy.origin + PREFIX).replace('://', `://${DSN_KEY}@`)}' });</script>`,
  });
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  const asked = new Set<string>();
  page.on('request', (request) => request.method() == 'POST' && asked.add(request.url().split('?')[0]!));
  await page.goto(`${proxy.origin}/shop/orders/7`);
  const hasArrived = await page.evaluate(async (long) => {
    const client = eval('monitor');
    client.captureError(new TypeError('behind nginx'), { long });
    client.counter('behind_nginx');
    await fetch('/status/503');
    return client.flush();
  }, 'x'.repeat(30_000));
  await page.goto(`${proxy.origin}/end`);

  expect(hasArrived).toBe(true);
  expect([...asked].sort()).toEqual([`${proxy.origin}${PREFIX}/api/browser/errors`, `${proxy.origin}${PREFIX}/api/browser/metrics`]);
  const errors = await services.errors();
  expect(errors.map(({ exception_type }) => exception_type).sort()).toEqual(['NetworkError', 'TypeError']);
  const { occurrences } = await services.error(errors.find(({ message }) => message == 'behind nginx')!.id);
  expect(occurrences[0].request_url).toBe(`${proxy.origin}/shop/orders/7`);
  expect((await services.values('behind_nginx', 'counter', 'page'))['/shop/orders/{id}']?.sum).toBe(1);
  await until('the vitals arrive', async () => (await services.values('web_vitals_lcp', 'histogram', 'page'))['/shop/orders/{id}']?.count === 1);
  await context.close();
});
