// What a reader sees of the list and does with it, in the words of the tests.
import type { Locator, Page } from 'playwright-core';

export interface LogPage {
  line(text: string): Locator;
  level(name: string): Locator;
  container(name: string): Locator;
  /** The values of a parameter of the address. */
  asked(name: string): string[];
  atEnd(): Promise<boolean>;
  /** All lines on the screen, from the top down. */
  texts(): Promise<string[]>;
  /** Opens a line by a click on its time, which hits no link. */
  open(text: string): Promise<void>;
}

export function logPage(page: Page): LogPage {
  const line = (text: string) => page.locator('.line', { hasText: text });
  return {
    line,
    level: (name) => page.getByRole('button', { name, exact: true }),
    container: (name) => page.locator('.container-item a', { hasText: name }),
    asked: (name) => new URL(page.url()).searchParams.getAll(name),
    atEnd: () => page.locator('.scroller').evaluate((list) => list.scrollTop + list.clientHeight >= list.scrollHeight - 8),
    texts: () => page.locator('.line-text').allTextContents(),
    open: (text) => line(text).last().locator('.line-time').click(),
  };
}
