// A guest on pages and in networks that are not kind to it.
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

const dsnOf = (relay: string) => relay.replace('://', `://${DSN_KEY}@`);
const write = (path: string, html: string, dsn = dsnOf(site.origin + PREFIX), options = '') =>
  site.pages.set(path, {
    html: `<!doctype html><title>x</title><link rel="icon" href="data:,"><script>MonlightConfig = { dsn: '${dsn}', ${options} }</script>
      <script src="/monlight.full.min.js"></script>${html}`,
  });
const counted = async (message: string) => (await services.errors()).find((error) => error.message == message)?.count;

test('when all is well the console of the browser is empty, from the start to the end of a page', async () => {
  write('/quiet', '<h1>Quiet</h1><button>Buy</button>', undefined, 'captureConsole: true, propagateTraceTo: [location.origin]');
  site.pages.set('/end', { html: '<link rel="icon" href="data:,">end' });
  const { page, complaints } = await openPage(browser);
  const written: string[] = [];
  page.on('console', (message) => written.push(message.text()));
  await page.goto(site.origin + '/quiet');
  await page.click('button');
  await page.evaluate(async () => {
    await fetch('/status/204');
    const { captureError, flush, destroy } = (window as any).Monlight.client;
    captureError(new Error('quiet'));
    await flush();
    history.pushState({}, '', '/quiet?2');
    await flush();
    destroy();
  });
  await page.goto(site.origin + '/quiet');
  await page.goto(site.origin + '/end');

  expect(await counted('quiet')).toBe(1);
  expect([...written, ...complaints]).toEqual([]);
  await page.context().close();
});

test('a frame that may touch no storage and has no origin is left in peace, and flush says that it was refused', async () => {
  write(
    '/sandboxed',
    `<script>
      const storage = () => { try { return typeof sessionStorage; } catch (error) { return error.name; } };
      Monlight.client.captureError(new Error('sandboxed'));
      Monlight.client.flush().then((arrived) => parent.postMessage([storage(), arrived], '*'));</script>`,
    dsnOf(services.relay),
  );
  site.pages.set('/outer', { html: '<script>addEventListener("message", ({ data }) => (told = data))</script><iframe sandbox="allow-scripts" src="/sandboxed"></iframe>' });
  const { page } = await openPage(browser);
  const thrown: string[] = [];
  page.on('pageerror', ({ message }) => thrown.push(message));
  await page.goto(site.origin + '/outer');

  await page.waitForFunction(() => 'told' in window);
  expect(await page.evaluate('told')).toEqual(['SecurityError', false]);
  expect(thrown).toEqual([]);
  await page.context().close();
});

test('a page with frozen functions and hostile globals works as it did, and its errors arrive', async () => {
  site.pages.set('/frozen', {
    html: `<!doctype html><script>
      for (const [owner, name] of [[window, 'fetch'], [XMLHttpRequest.prototype, 'send'], [XMLHttpRequest.prototype, 'open'], [history, 'pushState'], [console, 'error']])
        Object.defineProperty(owner, name, { value: owner[name], writable: false, configurable: false });
      before = [fetch, XMLHttpRequest.prototype.send, history.pushState, console.error];
      Object.prototype.toJSON = undefined;
      Array.prototype.extra = () => {};
      MonlightConfig = { dsn: '${dsnOf(site.origin + PREFIX)}', captureConsole: true };</script>
      <script src="/monlight.full.min.js"></script>`,
  });
  const { page, complaints } = await openPage(browser);
  await page.goto(site.origin + '/frozen');
  const result = await page.evaluate(async () => {
    const { status } = await fetch('/status/204');
    (window as any).Monlight.client.captureError(new Error('from a frozen page'));
    const isSame = [fetch, XMLHttpRequest.prototype.send, history.pushState, console.error].every((one, at) => one === (window as any).before[at]);
    return [status, isSame, await (window as any).Monlight.client.flush()];
  });

  expect(result).toEqual([204, true, true]);
  expect(await counted('from a frozen page')).toBe(1);
  expect(complaints.filter((text) => !/404/.test(text))).toEqual([]);
  await page.context().close();
});

test('with a relay that is away flush says so, and all arrives once when it is back', async () => {
  write('/away', '');
  const { page } = await openPage(browser);
  await page.goto(site.origin + '/away');
  const flush = () => page.evaluate(() => (window as any).Monlight.client.flush());
  site.way = 'closed';
  await page.evaluate(() => {
    (window as any).Monlight.client.captureError(new Error('while it was away'));
    (window as any).Monlight.client.counter('while_away');
  });

  expect(await flush()).toBe(false);
  site.way = 'open';
  await until('it has arrived', async () => (await counted('while it was away')) === 1);
  await until('flush says so', flush);
  expect((await services.values('while_away', 'counter', 'page'))['/away']?.sum).toBe(1);
  expect(await counted('while it was away')).toBe(1);
  await page.context().close();
});

test('an error that is sent again because its reply was lost counts once', async () => {
  write('/lost', '');
  const { page } = await openPage(browser);
  await page.goto(site.origin + '/lost');
  site.way = 'no replies';
  const flush = () => page.evaluate(() => (window as any).Monlight.client.flush());
  await page.evaluate(() => (window as any).Monlight.client.captureError(new Error('without a reply')));
  await until('the error was taken', async () => (await counted('without a reply')) === 1);
  site.way = 'open';
  await until('flush says that all has arrived', flush);

  expect(await counted('without a reply')).toBe(1);
  await page.context().close();
});
