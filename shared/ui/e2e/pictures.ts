// Pictures of a page in both themes, on a desk and on a phone, none of them wider than its screen.
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

const HEIGHT = 900;

export interface Pictures {
  page: Page;
  /** Where they go. */
  folder: string;
  /** The whole page, not only what fits on the screen. */
  whole?: boolean;
}

export async function takePictures({ page, folder, whole = false }: Pictures, name: string, show: (width: number) => Promise<void>): Promise<void> {
  for (const width of [1440, 375]) {
    await page.setViewportSize({ width, height: HEIGHT });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await show(width);
      await page.screenshot({ path: `${folder}${name}-${colorScheme}-${width}.png`, fullPage: whole });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect(overflow, `${name} at ${width} px`).toBeLessThanOrEqual(0);
    }
  }
  await page.setViewportSize({ width: 1440, height: HEIGHT });
  await page.emulateMedia({ colorScheme: 'light' });
}
