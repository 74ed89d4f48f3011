// Browsers and tabs as they are without a test that holds on to them: tabs in the background are hidden, pages are
// prerendered, and those that were left are kept in the back/forward cache.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { chromium, type Browser } from 'playwright-core';

import { endProcess, until } from '../../../shared/ui/e2e/process.ts';

const BROWSER = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run',
];

export const startBrowserWithCache = (): Promise<Browser> =>
  chromium.launch({ executablePath: BROWSER, args: FLAGS, ignoreDefaultArgs: ['--disable-back-forward-cache'] });

/** A tab that playwright does not attach to: attached ones are made to believe that they are always seen. */
export interface Tab {
  show(): Promise<void>;
  close(): Promise<void>;
}

export async function openTab(browser: Browser, url: string, background = false): Promise<Tab> {
  const session = await browser.newBrowserCDPSession();
  const { targetId } = await session.send('Target.createTarget', { url, background });
  return {
    show: () => session.send('Target.activateTarget', { targetId }).then(() => {}),
    close: () => session.send('Target.closeTarget', { targetId }).then(() => session.detach()),
  };
}

/** A browser that nothing is attached to, because nothing is prerendered otherwise. Returns what ends it. */
export function startBrowserAt(url: string): () => Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'monlight-browser-e2e-'));
  const child = spawn(BROWSER, [...FLAGS, `--user-data-dir=${folder}`, url], { stdio: 'ignore' });
  return async () => {
    await endProcess(child);
    // Processes of the browser outlive the first one for a moment, and still write.
    await until('the folder of the browser is gone', async () => {
      try {
        rmSync(folder, { recursive: true, force: true });
        return true;
      } catch {
        return false;
      }
    });
  };
}
