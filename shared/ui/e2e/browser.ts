// Debian's Chromium, and a page that remembers everything it complained about.
import { chromium, type Browser, type Page } from 'playwright-core';

import { API_KEY } from './process.ts';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];
/** A zone of its own, so that local time and UTC differ wherever this runs. */
export const ELSEWHERE = 'Asia/Kolkata';

export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: FLAGS });
}

export interface Watched {
  page: Page;
  /** Errors, exceptions and violations of the content security policy, in order. */
  complaints: string[];
}

export async function openPage(browser: Browser, timezoneId?: string): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, acceptDownloads: true, ...(timezoneId && { timezoneId }) });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // The browser notes each 401 as an error; before signing in they are what should happen.
    const expected = /status of 401/.test(message.text());
    if (['error', 'warning'].includes(message.type()) && !expected) complaints.push(message.text());
  });
  page.setDefaultTimeout(20_000);
  return { page, complaints };
}

export async function signIn(page: Page, address: string, key = API_KEY): Promise<void> {
  await page.goto(address);
  await page.fill('#api-key', key);
  await page.keyboard.press('Enter');
  await page.locator('#api-key').waitFor({ state: 'detached' });
}
