// A page under attack: whatever a hostile text makes the browser do is told.
import type { Browser, Page, Request } from 'playwright-core';

import { openPage, signIn } from '../../shared/ui/e2e/browser.ts';
import { until } from '../../shared/ui/e2e/process.ts';
import { fieldOf } from './hostile.ts';

/** What the browser notes of an answer that the page itself tells of. */
const REFUSED = /status of (400|404)/;

export interface WatchedPage {
  page: Page;
  /** Opens an address of the service, waits until it has been drawn, and looks at what is there. */
  visit(address: string): Promise<void>;
  /** The same within the page, as by a link. */
  follow(address: string): Promise<void>;
  /** Looks at what is there. */
  inspect(): Promise<void>;
  /** All text that the page holds: what is read, what stands in its fields, and what is told on hovering. */
  text(): Promise<string>;
  /** What has happened that should not, since it was last asked. */
  findings(): string[];
  close(): Promise<void>;
}

export async function watch(browser: Browser, service: { address: string; key: string }): Promise<WatchedPage> {
  const { page, complaints } = await openPage(browser);
  const { origin } = new URL(service.address);
  const found: string[] = [];
  const pending = new Set<Request>();
  await page.exposeFunction('ran', (mark: number) => void found.push(`a script ran, from ${fieldOf(mark)}`));
  page.on('dialog', (dialog) => {
    found.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.context().on('page', (other) => found.push(`another page: ${other.url()}`));
  page.on('frameattached', (frame) => found.push(`a frame: ${frame.url()}`));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.origin !== origin || url.pathname.includes('injected')) found.push(`a request: ${request.url()}`);
    // The live tail never ends.
    if (request.resourceType() !== 'eventsource') pending.add(request);
  });
  page.on('requestfinished', (request) => pending.delete(request));
  page.on('requestfailed', (request) => pending.delete(request));
  await page.emulateMedia({ colorScheme: 'light' });
  await signIn(page, `${service.address}/`, service.key);

  async function drawn() {
    await until(`the page is drawn: ${page.url()}`, async () => {
      if (pending.size > 0) return false;
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
      return pending.size === 0;
    });
  }
  async function inspect() {
    await drawn();
    found.push(...(await page.evaluate(whatIsWrong, origin)));
  }
  return {
    page,
    inspect,
    async visit(address) {
      await page.goto(`${service.address}/${address}`);
      await inspect();
    },
    async follow(address) {
      await page.evaluate((url) => {
        history.pushState({}, '', url);
        dispatchEvent(new PopStateEvent('popstate'));
      }, `${service.address}/${address}`);
      await inspect();
    },
    text: () => page.evaluate(allText),
    findings() {
      const noted = complaints.splice(0).filter((one) => !REFUSED.test(one));
      return [...new Set([...found.splice(0), ...noted])];
    },
    close: () => page.context().close(),
  };
}

/** Runs in the page. */
function whatIsWrong(origin: string): string[] {
  const wrong: string[] = [];
  for (const element of document.querySelectorAll('*')) {
    const html = element.outerHTML.slice(0, 200);
    const names = element.getAttributeNames();
    if (names.includes('data-injected')) wrong.push(`an element of a text: ${html}`);
    if (names.some((name) => name.startsWith('on'))) wrong.push(`a handler in an attribute: ${html}`);
    if (names.includes('style') && /url\(|expression/.test(element.getAttribute('style') ?? '')) wrong.push(`a style of a text: ${html}`);
    for (const name of ['href', 'src', 'action', 'formaction', 'xlink:href', 'srcdoc', 'data']) {
      const address = element.getAttribute(name);
      if (address === null) continue;
      const url = new URL(address, document.baseURI);
      // A link may lead to another site only when its text says so itself.
      const isLink = element instanceof HTMLAnchorElement && /^https?:\/\//i.test(address);
      if (!isLink && url.origin !== origin) {
        wrong.push(`an address that leads elsewhere: ${html}`);
      }
    }
  }
  return wrong;
}

/** Runs in the page. */
function allText(): string {
  const texts = [document.title, document.body.textContent ?? ''];
  for (const element of document.querySelectorAll('*')) {
    for (const name of ['title', 'aria-label', 'placeholder']) texts.push(element.getAttribute(name) ?? '');
    if (element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement) texts.push(element.value);
  }
  return texts.join('\n');
}
