import { beforeEach, expect, test } from 'vitest';

import { chance, entries } from '../sample.ts';
import { Lines } from './lines.ts';
import { LEAD_PX, TAIL_PX, Viewport } from './viewport.ts';

let lines: Lines;
let viewport: Viewport;

beforeEach(() => {
  lines = new Lines();
  lines.estimateAnew(() => 20);
  lines.merge(entries(1001, 2000));
  viewport = new Viewport(lines);
  viewport.height = 400;
  viewport.settle();
});

/** Where a row is on the screen. */
const onScreen = (id: number) => {
  const row = lines.find(id);
  return row ? viewport.offsetOf(lines.indexOf(row)) - viewport.top : null;
};

test('the end is held in view while lines come', () => {
  lines.merge(entries(2001, 2100));

  expect(viewport.settle()).toBe(LEAD_PX + 1100 * 20 + TAIL_PX - 400);
});

test('scrolling up lets go of the end, scrolling down to it takes it again', () => {
  viewport.scrolledTo(viewport.top - 2, true);
  expect(viewport.follow).toBe(false);

  viewport.scrolledTo(viewport.top + 2, true);
  expect(viewport.follow).toBe(true);
});

test.each([1, 2, 3])('what is read stays where it is whatever comes above and below (%i)', (seed) => {
  const pick = chance(seed);
  viewport.scrolledTo(5000 + pick(5000), false);
  let [first, last] = [1001, 2000];

  for (let turn = 0; turn < 200; turn++) {
    const { from, to } = viewport.span();
    const reading = lines.rows[Math.ceil((from + to) / 2)]?.id ?? 0;
    const anchor = lines.heights.indexAt(viewport.top - LEAD_PX);
    const before = onScreen(reading);
    switch (pick(3)) {
      case 0:
        lines.merge(entries(first - 7, first - 1));
        first -= 7;
        break;
      case 1:
        lines.merge(entries(last + 1, (last += 5)));
        break;
      default:
        lines.measure(pick(anchor), 20 + pick(100));
    }
    viewport.settle();
    expect(onScreen(reading)).toBe(before);
  }
});

test('only what is in view, and a little more, is shown', () => {
  viewport.scrolledTo(10_000, false);
  const { from, to } = viewport.span();

  expect(to - from).toBeLessThan(60);
  expect(viewport.offsetOf(from)).toBeLessThanOrEqual(10_000);
  expect(viewport.offsetOf(to)).toBeGreaterThanOrEqual(10_400);
});

test('a row is revealed with as little movement as needed', () => {
  viewport.scrolledTo(10_000, false);
  viewport.reveal(500);
  expect(viewport.top).toBe(10_000);

  viewport.reveal(400);
  expect(onScreen(1401)).toBeGreaterThanOrEqual(0);
  viewport.reveal(600, 'middle');
  expect(onScreen(1601)).toBeCloseTo(400 / 3, 3);
});

test('an empty list shows nothing', () => {
  lines.clear();

  expect(viewport.settle()).toBe(0);
  expect(viewport.span()).toEqual({ from: 0, to: 0 });
});
