// Pages that note what our script sends and what the `web-vitals` library says of the same view.
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

import { until } from '../../../shared/ui/e2e/process.ts';
import { DSN_KEY } from './services.ts';
import { PREFIX, type Site } from './site.ts';

const LIBRARY = `<script src="/web-vitals.js" onload="for (const on of ['onLCP', 'onCLS', 'onINP', 'onFCP', 'onTTFB']) webVitals[on](({ name, value, id }) => note('library', [{ name, value, id }]));"></script>`;
/** Comes before all else. The site takes the notes, so that they outlive the page. */
export const RECORD = `<script>
  const { sendBeacon } = navigator, own = fetch;
  const view = location.search;
  const note = (by, said) => void own('/note', { method: 'POST', keepalive: true, body: JSON.stringify({ view, by, said }) });
  navigator.sendBeacon = (url, body) => { note('sent', JSON.parse(body).metrics || []); return sendBeacon.call(navigator, url, body); };
  fetch = (url, init) => { if (init && init.body) note('sent', JSON.parse(init.body).metrics || []); return own(url, init); };
</script>`;
/** Something that can shift what is there, and a button that is slow and shifts it too, which a user expects of a click. */
export const CALM = `<h1>Tea</h1><p id="above"></p><p style="height: 200px; background: #eee">below</p>
<button onclick="const end = performance.now() + 120; while (performance.now() < end); document.querySelector('#above').style.minHeight = '300px';">Buy</button>
<script>function shift() {
  const above = document.querySelector('#above');
  above.style.height = '150px';
  above.textContent = 'An advertisement with a lot of text. '.repeat(30);
}</script>`;
export const CONTENT = CALM + '<script>setTimeout(shift, 300)</script>';

export interface Said {
  name: string;
  value: number;
  id: string;
}

export function snippet(site: Site, options = ''): string {
  const dsn = (site.origin + PREFIX).replace('://', `://${DSN_KEY}@`);
  return `<script>MonlightConfig = { dsn: '${dsn}', ${options} }</script><script src="/monlight.min.js"></script>`;
}

/** What is measured by both: by the script and, last, by the library. */
export const both = (site: Site, options = ''): [string, string] => [snippet(site, options), LIBRARY];

/** The frame is on the screen, and the library, which looks at entries when nothing else is to be done, has seen them. */
export const painted = (page: Page): Promise<unknown> =>
  page.evaluate(
    () =>
      new Promise((resolve) =>
        requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => requestIdleCallback(() => requestIdleCallback(resolve)), 50))),
      ),
  );

/** Everything that was said of a view, which its query tells apart. */
export const notesOf = (site: Site, view: string, by: 'sent' | 'library'): Said[] =>
  site.notes.filter((note) => note.view == view && note.by == by).flatMap(({ said }) => said);

/** The last value of each id, by the short name of the vital. */
export function valuesOf(said: Said[]): Map<string, number[]> {
  const last = new Map(said.filter(({ name, id }) => id && /^[A-Z]|^web_vitals|^page_load/.test(name)).map((one) => [one.id, one]));
  const values = new Map<string, number[]>();
  for (const { name, value } of last.values()) {
    const short = name.replace('web_vitals_', '').toUpperCase();
    values.set(short, [...(values.get(short) ?? []), value]);
  }
  return values;
}

/** Both have said the same of a view that is over: these vitals, and no others. */
export async function expectSame(site: Site, view: string, names: string[]): Promise<Map<string, number[]>> {
  const [ours, theirs] = [() => valuesOf(notesOf(site, view, 'sent')), () => valuesOf(notesOf(site, view, 'library'))];
  const expected = [...names].sort().join();
  const five = (values: Map<string, number[]>) => [...values.keys()].filter((name) => /^(LCP|CLS|INP|FCP|TTFB)$/.test(name)).sort().join();
  const areSame = () =>
    five(ours()) == expected &&
    five(theirs()) == expected &&
    names.every((name) => {
      const [our, their] = [ours().get(name)!, theirs().get(name)!];
      return our.length == their.length && our.every((value, at) => Math.abs(value - their[at]!) < 0.0005);
    });
  await until('both say the same', async () => areSame()).catch(() => {});
  const shown = (values: Map<string, number[]>) => Object.fromEntries([...values].filter(([name]) => names.includes(name)));
  expect(areSame(), `${five(ours())} ${JSON.stringify(shown(ours()))} beside ${five(theirs())} ${JSON.stringify(shown(theirs()))}`).toBe(true);
  return ours();
}
