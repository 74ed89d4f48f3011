// The example page does what its buttons say, and all of it arrives.
import { fileURLToPath } from 'node:url';

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { openPage, startBrowser } from '../../../shared/ui/e2e/browser.ts';
import { until } from '../../../shared/ui/e2e/process.ts';
import { DSN_KEY, startServices, type Services } from './services.ts';
import { PREFIX, startSite, type Site } from './site.ts';

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const ADDRESS = '/clients/js/examples/';

let services: Services;
let site: Site;
let browser: Browser;

beforeAll(async () => {
  services = await startServices();
  site = await startSite(services.relay);
  site.folders.set(ADDRESS, PACKAGE + 'examples/');
  site.folders.set('/clients/js/dist/', PACKAGE + 'dist/');
  site.pages.set('/end', { html: 'end' });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await site?.stop();
  await services?.stop();
});

const dsn = () => encodeURIComponent((site.origin + PREFIX).replace('://', `://${DSN_KEY}@`));

test('each button does what it says, and it arrives', async () => {
  const { page } = await openPage(browser);
  await page.goto(`${site.origin}${ADDRESS}?dsn=${dsn()}`);
  await page.getByRole('status').filter({ hasText: 'Connected' }).waitFor();
  for (const action of ['throw', 'reject', 'capture', 'repeat', 'fetch', 'fail', 'image', 'slow', 'shift', 'order', 'route', 'flush']) {
    const before = await page.locator('#log li').count();
    await page.click(`[data-do=${action}]`);
    await page.locator('#log li').nth(before).waitFor();
  }
  await page.locator('#log li').filter({ hasText: 'all has arrived' }).waitFor();
  await page.goto(site.origin + '/end');

  const expected = ['Error', 'NetworkError', 'RangeError', 'ResourceError', 'TypeError'];
  let errors: Awaited<ReturnType<Services['errors']>> = [];
  await until('the errors arrive', async () => {
    errors = await services.errors();
    return expected.every((type) => errors.some(({ exception_type }) => exception_type == type)) && errors.length == 6;
  });
  expect(errors.map(({ message }) => message)).toEqual(expect.arrayContaining(['the payment was refused', 'the order failed']));
  expect(errors.find(({ exception_type }) => exception_type == 'RangeError')!.count).toBe(2);
  await until('the vitals arrive', async () => {
    const inp = Object.values(await services.values('web_vitals_inp', 'histogram', 'environment'))[0];
    const cls = Object.values(await services.values('web_vitals_cls', 'histogram', 'environment'))[0];
    return inp?.count === 1 && inp.sum >= 300 && cls!.sum > 0.01;
  });
  expect(await services.values('orders_total', 'counter', 'kind')).toMatchObject({ tea: { sum: 1 } });
  expect(Object.values(await services.values('order_value', 'histogram', 'release'))).toMatchObject([{ count: 1 }]);
  await page.context().close();
});

test('without a DSN, or with a bad one, it says what is missing and asks for one', async () => {
  const { page } = await openPage(browser);
  await page.goto(site.origin + ADDRESS);
  await page.getByRole('status').filter({ hasText: 'needs a DSN' }).waitFor();
  expect(await page.locator('[data-do]:enabled').count()).toBe(0);
  await page.fill('#dsn', `${site.origin}/nonsense`);
  await page.keyboard.press('Enter');
  await page.getByRole('status').filter({ hasText: 'no DSN' }).waitFor();
  await page.fill('#dsn', decodeURIComponent(dsn()));
  await page.keyboard.press('Enter');

  await page.getByRole('status').filter({ hasText: 'Connected' }).waitFor();
  await page.context().close();
});
