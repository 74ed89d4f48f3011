// What happens on a page reaches the tracker and the collector, and the page does not notice.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { openPage, startBrowser } from '../../../shared/ui/e2e/browser.ts';
import { until } from '../../../shared/ui/e2e/process.ts';
import { DSN_KEY, startServices, type Services, type StoredError } from './services.ts';
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

/** Through the site's own reverse proxy, unless the relay is asked directly. */
const dsnOf = (relay: string) => relay.replace('://', `://${DSN_KEY}@`);
const ownDsn = () => dsnOf(site.origin + PREFIX);
const snippet = (dsn = ownDsn(), options = '') =>
  `<script>MonlightConfig = { dsn: '${dsn}', release: '1.0', environment: 'e2e', ${options} }</script><script src="/monlight.min.js"></script>`;
const write = (path: string, html: string, headers = {}) => site.pages.set(path, { html: `<!doctype html><title>x</title>${html}`, headers });

async function open(path: string): Promise<{ page: Page; complaints: string[] }> {
  const watched = await openPage(browser);
  await watched.page.goto(site.origin + path);
  return watched;
}
async function arrived(message: string): Promise<StoredError> {
  let found: StoredError | undefined;
  await until(`"${message}" arrives`, async () => !!(found = (await services.errors()).find((error) => error.message.includes(message))));
  return found!;
}

test('an error of a page behind a path prefix arrives with its place and without its secrets', async () => {
  write('/orders/4711', `${snippet()}<button onclick="pay()">Pay</button><script>function pay() { throw new TypeError('no card'); }</script>`);
  const { page } = await open('/orders/4711?token=abc&step=2');
  await page.evaluate(() => (window as any).Monlight.client.setUser('u1'));
  await page.click('button');

  const { id, exception_type } = await arrived('no card');
  const { occurrences, ...group } = await services.error(id);
  const [occurrence] = occurrences;
  expect(exception_type).toBe('TypeError');
  expect(group).toMatchObject({ release: '1.0', environment: 'e2e', source: 'browser' });
  expect(occurrence.request_url).toBe(`${site.origin}/orders/4711?token=***&step=2`);
  expect(occurrence.user_id).toBe('u1');
  expect(occurrence.traceback).toContain(`at pay (${site.origin}/orders/4711?token=***&step=2:1:`);
  await page.context().close();
});

test('rejections, thrown texts, causes and messages arrive from another origin than the relay', async () => {
  write('/more', snippet(dsnOf(services.relay)));
  const { page } = await open('/more');
  await page.evaluate(() => {
    setTimeout(() => void Promise.reject(new RangeError('rejected')));
    setTimeout(() => {
      throw 'a text';
    });
    setTimeout(() => {
      throw new Error('with a cause', { cause: new Error('the cause') });
    });
    (window as any).Monlight.client.captureMessage('a message');
  });

  expect((await arrived('rejected')).exception_type).toBe('RangeError');
  expect((await arrived('a text')).exception_type).toBe('Error');
  const { occurrences } = await services.error((await arrived('with a cause')).id);
  expect(occurrences[0].traceback).toContain('Caused by: Error: the cause');
  expect((await arrived('a message')).exception_type).toBe('Message');
  expect(await page.evaluate(() => (window as any).Monlight.client.flush())).toBe(true);
  await page.context().close();
});

test('a built script knows the debug ids that a bundler has written', async () => {
  write('/bundled', snippet());
  const failing = "_sentryDebugIds = { [new Error().stack]: 'c7d4b9a2-0000-4000-8000-000000000001' }; setTimeout(() => { throw new Error('bundled'); })";
  site.pages.set('/bundle.js', { html: failing, headers: { 'Content-Type': 'text/javascript' } });
  const { page } = await open('/bundled');
  const told = page.waitForRequest(/\/api\/browser\/errors/);
  await page.addScriptTag({ url: '/bundle.js' });

  expect((await told).postDataJSON().debug_meta.images).toEqual([
    { code_file: `${site.origin}/bundle.js`, debug_id: 'c7d4b9a2-0000-4000-8000-000000000001' },
  ]);
  await page.context().close();
});

test('requests are counted by outcome, and failures become errors', async () => {
  write('/network', snippet());
  const { page } = await open('/network');
  const outcomes = await page.evaluate(async () => {
    const ask = (method: string, path: string, stop = false) =>
      new Promise((resolve) => {
        const request = new XMLHttpRequest();
        request.open(method, path);
        request.onloadend = () => resolve(request.status);
        request.send();
        if (stop) request.abort();
      });
    const controller = new AbortController();
    const aborted = fetch('/status/200', { signal: controller.signal }).catch((error) => error.name);
    controller.abort();
    const all = [
      (await fetch('/status/200')).status,
      (await fetch('/status/503', { method: 'POST' })).status,
      await fetch('http://127.0.0.1:1/').catch((error) => error.message),
      await aborted,
      await ask('GET', '/status/204'),
      await ask('PUT', '/status/500'),
      await ask('GET', '/status/200', true),
    ];
    await (window as any).Monlight.client.flush();
    return all;
  });

  expect(outcomes).toEqual([200, 503, 'Failed to fetch', 'AbortError', 204, 500, 0]);
  const values = await services.values('browser_http_requests_total', 'counter', 'status');
  expect(Object.fromEntries(Object.entries(values).map(([status, { sum }]) => [status, sum]))).toEqual({
    200: 1, 503: 1, error: 1, aborted: 2, 204: 1, 500: 1,
  });
  expect((await services.values('browser_http_request_duration_ms', 'histogram', 'method'))['GET']!.count).toBe(5);
  const failures = (await services.errors()).filter(({ exception_type }) => exception_type == 'NetworkError').map(({ message }) => message);
  expect(failures.sort()).toEqual([
    'GET http://127.0.0.1:1/: error',
    `POST ${site.origin}/status/{id}: 503`,
    `PUT ${site.origin}/status/{id}: 500`,
  ]);
  await page.context().close();
});

test('a rejected request that nobody handles is told to the page, a handled one is not', async () => {
  write('/rejected', `${snippet(ownDsn())}<script>told = []; addEventListener('unhandledrejection', (event) => told.push(event.reason.message));</script>`);
  const { page } = await open('/rejected');
  const told = await page.evaluate(async () => {
    await fetch('http://127.0.0.1:1/handled').catch(() => {});
    const heard = new Promise((resolve) => addEventListener('unhandledrejection', () => setTimeout(resolve)));
    void fetch('http://127.0.0.1:1/unhandled');
    await heard;
    return (window as any).told;
  });

  expect(told).toEqual(['Failed to fetch']);
  await page.context().close();
});

test('a strict content security policy needs only the relay', async () => {
  write(
    '/strict',
    `<script nonce="n">MonlightConfig = { dsn: '${dsnOf(services.relay)}' }</script><script nonce="n" src="/monlight.min.js"></script>
     <script nonce="n">setTimeout(() => { throw new Error('under a policy'); })</script>`,
    {
      'Content-Security-Policy': `default-src 'none'; script-src 'nonce-n'; connect-src ${services.relay}; require-trusted-types-for 'script'`,
    },
  );
  const { page, complaints } = await open('/strict');

  await arrived('under a policy');
  await page.evaluate(() => (window as any).Monlight.client.destroy());
  expect(complaints).toEqual(['under a policy']);
  await page.context().close();
});

test('in a frame of another origin errors arrive', async () => {
  write('/frame', `${snippet(dsnOf(services.relay))}<script>setTimeout(() => { throw new Error('in a frame'); })</script>`);
  write('/outer', `<iframe src="${site.otherOrigin}/frame"></iframe>`);
  const { page, complaints } = await open('/outer');

  await arrived('in a frame');
  expect(complaints).toEqual(['in a frame']);
  await page.context().close();
});

test('where storage is denied, nothing else is', async () => {
  write(
    '/denied',
    `<script>Object.defineProperty(window, 'sessionStorage', { get() { throw new DOMException('denied', 'SecurityError'); } })</script>
     ${snippet()}<script>setTimeout(() => { throw new Error('without storage'); })</script>`,
  );
  const { page, complaints } = await open('/denied');

  await arrived('without storage');
  expect(complaints).toEqual(['without storage']);
  await page.context().close();
});

test('an image that cannot be loaded is no error of a script', async () => {
  write('/image', `${snippet()}<img src="/no-such-image.png">`);
  const { page } = await open('/image');
  const before = (await services.errors()).length;
  await page.evaluate(() => (window as any).Monlight.client.flush());

  expect((await services.errors()).length).toBe(before);
  await page.context().close();
});

test('taken off, the page has its own functions again', async () => {
  write('/off', `<script>before = [fetch, XMLHttpRequest.prototype.open, XMLHttpRequest.prototype.send]</script>${snippet()}`);
  const { page } = await open('/off');
  const is = () => page.evaluate(() => (window as any).before.map((one: unknown, at: number) => one === [fetch, XMLHttpRequest.prototype.open, XMLHttpRequest.prototype.send][at]));

  expect(await is()).toEqual([false, false, false]);
  await page.evaluate(() => (window as any).Monlight.client.destroy());
  expect(await is()).toEqual([true, true, true]);
  await page.context().close();
});

test('a session lasts from page to page of a tab', async () => {
  write('/first', snippet());
  write('/second', snippet());
  const { page } = await open('/first');
  const session = () =>
    page.evaluate(() => {
      (window as any).Monlight.client.counter('opened');
      return (window as any).Monlight.client.flush().then(() => sessionStorage.getItem('monlight-session'));
    });
  const first = await session();
  await page.goto(site.origin + '/second');

  expect(first).toMatch(/^[\da-f-]{36}$/);
  expect(await session()).toBe(first);
  await page.context().close();
});
