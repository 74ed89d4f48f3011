// Where the pictures of this suite go.
import { fileURLToPath } from 'node:url';

import type { Page } from 'playwright-core';

import { takePictures as take } from '../../../shared/ui/e2e/pictures.ts';

const FOLDER = fileURLToPath(new URL('./screenshots/', import.meta.url));

export function takePictures(page: Page, name: string, show: (width: number) => Promise<void>): Promise<void> {
  return take({ page, folder: FOLDER }, name, show);
}
