// Source maps: the first upload by hand and by script, a broken one, a use, and very many.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { ELSEWHERE, openPage, signIn, startBrowser } from '../../../shared/ui/e2e/browser.ts';
import { API_KEY, until } from '../../../shared/ui/e2e/process.ts';
import { asFile, brokenMap, soundMap } from './maps.ts';
import { relayPage, type RelayPage } from './relay-page.ts';
import { startService, type Service } from './service.ts';

const KEY = '0123456789abcdef0123456789abcdef';
const DEBUG_ID = 'c0ffee00-c0ff-ee00-c0ff-ee00c0ffee00';
const MANY = 130;

let service: Service;
let browser: Browser;
let page: Page;
let relay: RelayPage;
let complaints: string[];

beforeAll(async () => {
  service = await startService({ keys: `shop:${KEY}` });
  browser = await startBrowser();
  ({ page, complaints } = await openPage(browser, ELSEWHERE));
  relay = relayPage(page);
  await signIn(page, `${service.address}source-maps`);
});
afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

const upload = (project: string, release: string, file_url: string, more: Record<string, unknown> = {}) =>
  service.admin('source-maps', { project, release, file_url, map_content: soundMap(more).toString() });

async function fillIn(file: ReturnType<typeof asFile>) {
  await page.setInputFiles('#map-file', file);
  await page.fill('#map-project', 'shop');
  await page.fill('#map-release', '1.0');
  await page.fill('#map-script', 'https://cdn.example.com/s/x.js');
  await relay.dialog().getByRole('button', { name: 'Upload' }).click();
}

test('without maps the page teaches, and fits every screen', async () => {
  await relay.takePictures('maps-empty', async () => {
    await page.goto(`${service.address}source-maps`);
    await page.getByText('Give stacks their names back').waitFor();
  });
});

test('the line for build scripts works as it stands', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'browser-relay-build-'));
  mkdirSync(join(folder, 'dist/assets'), { recursive: true });
  writeFileSync(join(folder, 'dist/assets/app.js.map'), soundMap());
  const line = (await page.locator('pre').textContent()) ?? '';
  const env = { PATH: process.env['PATH'], ADMIN_API_KEY: API_KEY, RELEASE: '0.9' };
  const answer = execFileSync('sh', ['-c', line], { cwd: folder, env, stdio: ['ignore', 'pipe', 'ignore'] }).toString();
  rmSync(folder, { recursive: true });

  expect(JSON.parse(answer)).toMatchObject({ status: 'uploaded', project: 'shop', release: '0.9', file_url: '~/assets/app.js' });
  await until('the empty page turns over', async () => {
    await relay.refresh();
    return relay.row('app.js').isVisible();
  });
});

test('a broken map is refused with the reason', async () => {
  await page.keyboard.press('n');
  await fillIn(asFile('x.js.map', brokenMap()));

  await page.locator('.fault', { hasText: 'The map is cut off after 60 bytes' }).waitFor();
  await relay.takePictures('maps-upload', async () => undefined, false);
});

test('an upload shows how far it is, and can be called off', async () => {
  // The network is slow until the reader has had enough.
  await page.route('**/api/source-maps', (route) => (route.request().method() === 'POST' ? undefined : route.continue()));
  await fillIn(asFile('x.js.map', soundMap()));
  await page.getByRole('progressbar').waitFor();
  await relay.takePictures('maps-uploading', async () => undefined, false);
  await relay.dialog().getByRole('button', { name: 'Cancel' }).click();

  await page.getByRole('progressbar').waitFor({ state: 'detached' });
  expect(await page.inputValue('#map-release')).toBe('1.0');
  await page.unroute('**/api/source-maps');
});

test('a sound map is uploaded and is the first row', async () => {
  // It is said for some seconds only, so it is awaited from the start.
  const said = page.getByText('The map of x.js is stored').waitFor();
  await fillIn(asFile('x.js.map', soundMap({ debug_id: DEBUG_ID })));

  await Promise.all([page.locator('dialog').waitFor({ state: 'detached' }), said]);
  const row = page.locator('tbody tr').first();
  expect(await row.innerText()).toMatch(/x\.js[\s\S]*shop[\s\S]*1\.0[\s\S]*c0ffee00/);
  expect(await row.locator('.cell-time').last().innerText()).toBe('never');
});

test('a stack that needs the map gets its names back, and the last use changes', async () => {
  const reply = await fetch(`${service.address}api/browser/errors?key=${KEY}`, {
    method: 'POST',
    body: JSON.stringify({ type: 'Error', message: 'x', stack: 'Error: x\n    at b (https://cdn.example.com/s/x.js:1:5)', release: '1.0' }),
  });
  expect(reply.ok).toBe(true);
  expect(String(service.tracker.taken[0]?.['traceback'])).toContain('at realName (src/app.ts:1:1)');

  await until('the map was used', async () => {
    await relay.refresh();
    return (await relay.row('x.js').locator('.cell-time').last().innerText()) !== 'never';
  });
});

test('filters are in the address, by field and by chip, and back takes them off', async () => {
  await upload('blog', '7', 'https://blog.example.com/main.js');
  await page.goto(`${service.address}source-maps`);
  await relay.row('main.js').getByRole('link', { name: 'blog', exact: true }).click();
  await relay.row('x.js').waitFor({ state: 'detached' });
  expect(relay.asked('project')).toBe('blog');
  await page.goBack();
  await relay.row('x.js').waitFor();

  await page.keyboard.press('/');
  await page.keyboard.type('shop');
  await page.keyboard.press('Enter');
  await relay.row('main.js').waitFor({ state: 'detached' });
  await page.getByLabel('Release').fill('2.0');
  await page.keyboard.press('Enter');
  await page.getByText('No source map of the project “shop” and the release “2.0”').waitFor();
  expect(await page.locator('pre').textContent()).toContain('-F release=2.0');
  await page.getByRole('link', { name: 'Clear the filters' }).click();
  await relay.row('main.js').waitFor();
  expect(new URL(page.url()).search).toBe('');
});

test('a map is opened by key and deleted after asking', async () => {
  await page.keyboard.press('j');
  await page.keyboard.press('o');
  await relay.dialog().getByText('https://blog.example.com/main.js').waitFor();
  await relay.takePictures('map', async () => undefined, false);
  await relay.dialog().getByRole('button', { name: 'Delete' }).click();
  await relay.dialog().getByText('Delete the map of main.js?').waitFor();
  await relay.dialog().getByRole('button', { name: 'Delete' }).click();

  await relay.row('main.js').waitFor({ state: 'detached' });
  await page.locator('dialog').waitFor({ state: 'detached' });
  expect(await (await service.admin('source-maps?project=blog')).json()).toMatchObject({ total: 0 });
});

test('of many maps a page is shown, long names fit, and there is a way on', async () => {
  for (let number = 0; number < MANY; number++) await upload('shop', `2026.11.${number}`, `https://shop.example.com/assets/chunk-${number}.js`);
  await upload('storefront', `2.0.0+${'build'.repeat(30)}`, `https://cdn.example.com/${'a-folder/'.repeat(40)}the-one-script-that-matters.${'f'.repeat(64)}.js`);

  await relay.takePictures(
    'maps',
    async () => {
      await page.goto(`${service.address}source-maps`);
      await relay.row('the-one-script').waitFor();
    },
    false,
  );
  await page.getByText(/Showing 100 of 13\d/).waitFor();
  await relay.button('Load more').click();
  await relay.row('x.js').waitFor();
  expect(await page.locator('tbody tr').count()).toBeGreaterThan(MANY);
});

test('the browser had nothing to complain about', () => {
  expect(complaints.filter((text) => !text.includes('status of 400'))).toEqual([]);
});
