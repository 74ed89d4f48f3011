// The first minutes of an administrator: a key, a page that uses it, and the end of that key.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { ELSEWHERE, openPage, startBrowser } from '../../../shared/ui/e2e/browser.ts';
import { API_KEY, until } from '../../../shared/ui/e2e/process.ts';
import { startElsewhere, type Elsewhere } from './elsewhere.ts';
import { relayPage, type RelayPage } from './relay-page.ts';
import { startService, type Service } from './service.ts';

const HOSTILE = '<img src=x onerror="document.title=\'owned\'">';

let service: Service;
let shop: Elsewhere;
let browser: Browser;
let page: Page;
let relay: RelayPage;
let complaints: string[];

beforeAll(async () => {
  service = await startService();
  shop = await startElsewhere();
  browser = await startBrowser();
  ({ page, complaints } = await openPage(browser, ELSEWHERE));
  relay = relayPage(page);
});
afterAll(async () => {
  await browser?.close();
  await shop?.stop();
  await service?.stop();
});

test('a wrong key is refused, the right one opens the page', async () => {
  await page.goto(service.address);
  await page.getByText('The value of ADMIN_API_KEY').waitFor();
  await page.fill('#api-key', 'wrong');
  await page.keyboard.press('Enter');
  await page.getByText('That key is not the right one').waitFor();

  await page.fill('#api-key', API_KEY);
  await page.keyboard.press('Enter');

  await page.getByText('Let a page report its errors').waitFor();
  expect(await page.locator('pre').textContent()).toContain(`${service.address}api/dsn-keys`);
});

test('the empty page fits every screen', async () => {
  await relay.takePictures('keys-empty', async () => {
    await page.goto(service.address);
    await page.getByText('Let a page report its errors').waitFor();
  });
});

test('an origin is explained while it is typed, and a bad one is refused in the words of the service', async () => {
  await page.keyboard.press('n');
  await page.fill('#new-key-project', 'shop');
  await page.fill('#new-key-origins', `${shop.origin}/checkout\nhttps://*.example.com\nftp://`);
  await page.getByText('every host below example.com').waitFor();
  await page.getByRole('button', { name: `Use ${shop.origin}` }).click();
  expect(await page.inputValue('#new-key-origins')).toBe(`${shop.origin}\nhttps://*.example.com\nftp://`);
  await relay.button('Make the key').click();

  await page.locator('.fault', { hasText: '"ftp://" is no origin: write scheme, host and port' }).waitFor();
});

test('the dialog fits every screen, with its hints and faults', async () => {
  await relay.takePictures('keys-new', async () => undefined, false);
});

test('Esc closes it, and what was typed is still there', async () => {
  await page.keyboard.press('Escape');
  await page.locator('dialog').waitFor({ state: 'detached' });
  await page.keyboard.press('n');

  expect(await page.inputValue('#new-key-project')).toBe('shop');
});

test('a key is made, and its snippet is ready to copy', async () => {
  await page.fill('#new-key-origins', shop.origin);
  await relay.button('Make the key').click();

  await relay.dialog().getByText('The key is made').waitFor();
  shop.snippet = (await relay.dialog().locator('pre').textContent()) ?? '';
  expect(shop.snippet).toContain(`${service.address}api/browser/errors?key=`);
  expect(await relay.dialog().locator('dd code').first().textContent()).toMatch(/^http:\/\/[0-9a-f]{32}@127\.0\.0\.1:\d+$/);
  await relay.takePictures('key-made', async () => undefined, false);
});

test('a copy is made where the browser has no clipboard, from inside a dialog too', async () => {
  await page.context().grantPermissions(['clipboard-read']);
  await page.evaluate(() => Object.defineProperty(navigator.clipboard, 'writeText', { value: () => Promise.reject(new Error('no')), configurable: true }));
  await relay.dialog().getByRole('button', { name: 'Copy' }).first().click();

  await relay.dialog().getByRole('button', { name: 'Copied' }).waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(shop.snippet);
});

test('the key is in the list and was never used', async () => {
  await relay.button('Done').click();
  await page.locator('dialog').waitFor({ state: 'detached' });

  expect(await relay.row('shop').locator('.cell-time').first().innerText()).toBe('never');
  expect(relay.asked('key')).toBeNull();
});

test('a page of another origin reports its error with the snippet, and the last use changes', async () => {
  const visit = await page.context().newPage();
  await visit.goto(`${shop.origin}/`);

  await until('the tracker has the report', async () => service.tracker.taken.length > 0);
  expect(service.tracker.taken[0]).toMatchObject({ project: 'shop', exception_type: 'TypeError', request_url: `${shop.origin}/`, request_method: 'BROWSER' });
  await visit.close();
  await until('the key was used', async () => {
    await relay.refresh();
    return (await relay.row('shop').locator('.cell-time').first().innerText()) !== 'never';
  });
});

test('a deactivated key lets the page pass no longer', async () => {
  await relay.row('shop').getByRole('button', { name: 'Deactivate' }).click();
  await relay.dialog().getByText('Deactivate the key of shop?').waitFor();
  await relay.dialog().getByRole('button', { name: 'Deactivate' }).click();
  await relay.row('shop').getByText('DEACTIVATED').waitFor();

  const visit = await page.context().newPage();
  const [refused] = await Promise.all([
    visit.waitForResponse((response) => response.url().includes('/api/browser/errors')),
    visit.goto(`${shop.origin}/`),
  ]);
  expect(refused.status()).toBe(401);
  await visit.close();
});

test('it is found among all keys, opened by its address, and activated again', async () => {
  await page.reload();
  await page.getByText('No active keys').waitFor();
  await page.getByRole('link', { name: 'Look through all 1 key' }).click();
  await relay.row('shop').getByText('DEACTIVATED').waitFor();
  expect(relay.asked('state')).toBe('all');

  await page.goto(`${service.address}?key=1`);
  await relay.dialog().getByText('The key is deactivated').waitFor();
  await relay.dialog().getByRole('button', { name: 'Activate' }).click();
  await relay.dialog().getByRole('button', { name: 'Deactivate' }).waitFor();
  await page.keyboard.press('Escape');
  await page.locator('dialog').waitFor({ state: 'detached' });
});

test('hostile and long names stay text and stay inside', async () => {
  const origins = ['https://a-very-long-name-of-a-preview-deployment-of-the-storefront.preview.shop.example.com', 'https://*.example.com', 'null'];
  for (const key of [
    { project: HOSTILE },
    { project: 'x'.repeat(100), allowed_origins: origins, rate_limit: 1_000_000 },
    { project: 'blog', allowed_origins: ['https://blog.example.com'], rate_limit: 60 },
    { project: 'nobody', allowed_origins: [] },
  ]) {
    expect((await service.admin('dsn-keys', key)).status).toBe(201);
  }
  await fetch(`${service.address}api/dsn-keys/5`, { method: 'DELETE', headers: { 'X-API-Key': API_KEY } });

  await relay.takePictures('keys', async () => {
    await page.goto(`${service.address}?state=all`);
    await relay.row('onerror').waitFor();
  });
  await relay.takePictures(
    'key',
    async () => {
      await page.goto(`${service.address}?key=3`);
      await relay.dialog().locator('.facts').waitFor();
    },
    false,
  );
  await page.goto(`${service.address}?key=2`);
  await relay.dialog().locator('.facts').waitFor();
  expect(await page.title()).toBe('DSN keys · Browsers · Monlight');
  expect(await page.locator('.page img').count()).toBe(0);
});

test('new keys wait behind the pill, and nothing moves', async () => {
  await page.goto(service.address);
  await relay.row('blog').waitFor();
  const first = await page.locator('tbody tr').first().innerText();
  await service.admin('dsn-keys', { project: 'later' });

  await until('the pill is there', async () => {
    await relay.refresh();
    return relay.button('1 new').isVisible();
  });
  expect(await page.locator('tbody tr').first().innerText()).toBe(first);
  await page.keyboard.press('.');
  await relay.row('later').waitFor();
});

test('the keyboard finds, walks and opens', async () => {
  await page.keyboard.press('/');
  await page.keyboard.type('BLOG');
  await relay.row('later').waitFor({ state: 'detached' });
  expect(relay.asked('search')).toBe('BLOG');
  await page.keyboard.press('Escape');
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await relay.dialog().locator('h2', { hasText: 'blog' }).waitFor();
  expect(relay.asked('key')).not.toBeNull();

  await page.keyboard.press('Escape');
  await page.locator('dialog').waitFor({ state: 'detached' });
  await page.keyboard.press('Escape');
  await relay.row('later').waitFor();
  await page.keyboard.press('?');
  await relay.dialog().getByText('Next key').waitFor();
  await page.keyboard.press('Escape');
});

test('an expired session keeps what one was doing', async () => {
  await page.keyboard.press('n');
  await page.fill('#new-key-project', 'after-sign-in');
  await page.context().clearCookies();
  await relay.button('Make the key').click();
  await page.fill('#api-key', API_KEY);
  await page.keyboard.press('Enter');

  await relay.dialog().getByText('The key is made').waitFor();
  expect(await relay.dialog().locator('h2').first().innerText()).toBe('after-sign-in');
});

test('the browser had nothing to complain about', () => {
  // The one complaint is what the service was asked to refuse.
  expect(complaints.filter((text) => !text.includes('status of 400'))).toEqual([]);
});
