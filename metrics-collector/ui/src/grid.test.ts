import { expect, test } from 'vitest';

import { gridOf, latestOf, place, placeEarlier, shiftOf } from './grid.ts';
import { at, FROM, MINUTE } from './sample.ts';

const HOUR = 60 * MINUTE;
const row = (minute: number, value: number) => ({ bucket: at(minute), value });
const valueOf = ({ value }: { value: number }) => value;
const minutes = (from: number, to: number) => ({ from: at(from), to: at(to), resolution: 'minute' as const });

test('buckets are whole and even, and begin before a range that begins within one', () => {
  const grid = gridOf(minutes(0.5, 3.5), FROM + HOUR);
  expect(grid.times).toEqual([0, 1, 2, 3].map((minute) => FROM + minute * MINUTE));
});

test('the bucket of now is still running, those of a past range are not', () => {
  expect(gridOf(minutes(0, 3.5), FROM + 3.5 * MINUTE).runningFrom).toBe(3);
  expect(gridOf(minutes(0, 3), FROM + HOUR).runningFrom).toBe(3);
});

test('what was left out is a gap, or a zero between the first and the last of a counter', () => {
  const grid = gridOf(minutes(0, 6), FROM + HOUR);
  const rows = [row(1, 5), row(4, 7)];

  expect(place(grid, rows, valueOf)).toEqual([null, 5, null, null, 7, null]);
  expect(place(grid, rows, valueOf, 'zero')).toEqual([null, 5, 0, 0, 7, null]);
  expect(place(grid, [], valueOf, 'zero')).toEqual([null, null, null, null, null, null]);
});

test('rows outside the range do not shift those inside', () => {
  const grid = gridOf(minutes(0, 2), FROM + HOUR);
  expect(place(grid, [row(-1, 9), row(1, 5), row(2, 9)], valueOf)).toEqual([null, 5]);
});

test('the previous period falls on the buckets of this one', () => {
  const grid = gridOf(minutes(0.5, 3.5), FROM + HOUR);
  const shift = shiftOf(grid);

  expect(shift).toBe(3 * MINUTE);
  expect(placeEarlier(grid, [row(-3, 1), row(-1, 2)], { resolution: 'minute', shift }, valueOf)).toEqual([1, null, 2, null]);
});

test('hours of an earlier time are spread over the minutes of now', () => {
  const grid = gridOf(minutes(58, 62), FROM + 2 * HOUR);
  const rows = [row(-120, 1), row(-60, 2)];

  expect(placeEarlier(grid, rows, { resolution: 'hour', shift: 2 * HOUR }, valueOf)).toEqual([1, 1, 2, 2]);
});

test('the latest value is of a complete bucket, unless there is no other', () => {
  expect(latestOf([1, 2, null, 9], 3)).toBe(2);
  expect(latestOf([null, null, 9], 2)).toBe(9);
  expect(latestOf([null], 1)).toBeNull();
});
