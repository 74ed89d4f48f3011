// What an administrator sees and does, in the words of the tests.
import { fileURLToPath } from 'node:url';

import type { Locator, Page } from 'playwright-core';

import { takePictures as take } from '../../../shared/ui/e2e/pictures.ts';

const FOLDER = fileURLToPath(new URL('./screenshots/', import.meta.url));

export interface RelayPage {
  /** The value of a parameter of the address. */
  asked(name: string): string | null;
  row(text: string): Locator;
  dialog(): Locator;
  button(name: string): Locator;
  /** The list that belongs to the address is there. */
  settled(): Promise<void>;
  peer(name: string): Locator;
  refresh(): Promise<void>;
  takePictures(name: string, show: (width: number) => Promise<void>, whole?: boolean): Promise<void>;
}

export function relayPage(page: Page): RelayPage {
  return {
    asked: (name) => new URL(page.url()).searchParams.get(name),
    row: (text) => page.locator('.rows tbody tr', { hasText: text }),
    dialog: () => page.locator('dialog[open]').last(),
    button: (name) => page.getByRole('button', { name, exact: true }),
    settled: () => page.locator('[aria-busy=false]').first().waitFor(),
    peer: (name) => page.locator(`[data-peer=${name}]`),
    refresh: () => page.locator('.live-state').click(),
    takePictures: (name, show, whole = true) => take({ page, folder: FOLDER, whole }, name, show),
  };
}
