// Pictures of a page in both themes, on a desk and on a phone, none of them wider than its screen.
import { fileURLToPath } from 'node:url';

import type { Page } from 'playwright-core';
import { expect } from 'vitest';

const FOLDER = fileURLToPath(new URL('./screenshots/', import.meta.url));
const HEIGHT = 900;

export async function takePictures(page: Page, name: string, show: (width: number) => Promise<void>): Promise<void> {
  for (const width of [1440, 375]) {
    await page.setViewportSize({ width, height: HEIGHT });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await show(width);
      await page.screenshot({ path: `${FOLDER}${name}-${colorScheme}-${width}.png` });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect(overflow, `${name} at ${width} px`).toBeLessThanOrEqual(0);
    }
  }
  await page.setViewportSize({ width: 1440, height: HEIGHT });
  await page.emulateMedia({ colorScheme: 'light' });
}
