// What a reader sees of the charts and does with them, in the words of the tests.
import { fileURLToPath } from 'node:url';

import type { Locator, Page } from 'playwright-core';

import { takePictures as take } from '../../../shared/ui/e2e/pictures.ts';
import { until } from '../../../shared/ui/e2e/process.ts';

const FOLDER = fileURLToPath(new URL('./screenshots/', import.meta.url));

export interface MetricsPage {
  /** The value of a parameter of the address. */
  asked(name: string): string | null;
  /** Waits until so many charts are drawn. */
  drawn(charts: number): Promise<void>;
  /** Points at a chart, at a share of its width. */
  point(chart: number, at: number): Promise<void>;
  /** Drags over a chart, between two shares of its width. */
  drag(chart: number, from: number, to: number): Promise<void>;
  /** The moments that the charts read, one of each. */
  moments(): Promise<string[]>;
  row(text: string): Locator;
  range(): Promise<string>;
  takePictures(name: string, show: (width: number) => Promise<void>): Promise<void>;
}

export function metricsPage(page: Page): MetricsPage {
  /** In one step, because a chart of other lines takes the place of the one that was there. */
  async function place(chart: number, at: number): Promise<[number, number]> {
    const found = await page.waitForFunction((index) => {
      const area = document.querySelectorAll('.u-over')[index];
      area?.scrollIntoView({ block: 'nearest' });
      const box = area?.getBoundingClientRect();
      return box && { x: box.x, width: box.width, y: box.y + box.height / 2 };
    }, chart);
    const { x, width, y } = (await found.jsonValue())!;
    return [x + width * at, y];
  }
  return {
    asked: (name) => new URL(page.url()).searchParams.get(name),
    drawn: (charts) => page.locator('.u-over').nth(charts - 1).waitFor(),
    async point(chart, at) {
      await until('a chart reads what is pointed at', async () => {
        const [x, y] = await place(chart, at);
        await page.mouse.move(x, y - 1);
        await page.mouse.move(x, y);
        return (await page.locator('.moment-read.now').count()) > 0;
      });
    },
    async drag(chart, from, to) {
      await page.mouse.move(...(await place(chart, from)));
      await page.mouse.down();
      await page.mouse.move(...(await place(chart, to)), { steps: 4 });
      await page.mouse.up();
    },
    moments: () => page.locator('.moment-read.now').allTextContents(),
    row: (text) => page.locator('.series tbody tr', { hasText: text }),
    range: () => page.locator('.range-button').innerText(),
    takePictures: (name, show) => take({ page, folder: FOLDER, whole: true }, name, show),
  };
}
