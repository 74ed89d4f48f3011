import { describe, expect, test } from 'vitest';

import { deltaTone, ratingOf, VITALS, vitalText, wholePercents } from './vitals.ts';

const kind = (name: string) => VITALS.find((one) => one.name === name)!;

describe('ratings', () => {
  test.each([
    ['lcp', 2500, 4000],
    ['inp', 200, 500],
    ['cls', 0.1, 0.25],
    ['fcp', 1800, 3000],
    ['ttfb', 800, 1800],
    ['fid', 100, 300],
  ])('%s is good up to %d and poor beyond %d', (name, good, poor) => {
    expect(ratingOf(kind(name), good)).toBe('good');
    expect(ratingOf(kind(name), good * 1.001)).toBe('needs-improvement');
    expect(ratingOf(kind(name), poor)).toBe('needs-improvement');
    expect(ratingOf(kind(name), poor * 1.001)).toBe('poor');
  });
});

test('shares become whole percents that add up', () => {
  expect(wholePercents([1 / 3, 1 / 3, 1 / 3]).reduce((sum, one) => sum + one)).toBe(100);
  expect(wholePercents([0.815, 0.16, 0.025])).toEqual([82, 16, 2]);
  expect(wholePercents([1, 0, 0])).toEqual([100, 0, 0]);
  expect(wholePercents([0, 0, 0])).toEqual([0, 0, 0]);
});

test('less is better, and next to nothing is neither', () => {
  expect(deltaTone(90, 100)).toBe('good');
  expect(deltaTone(110, 100)).toBe('bad');
  expect(deltaTone(101, 100)).toBe('even');
  expect(deltaTone(5, 0)).toBe('even');
});

test('layout shift has no unit and small values', () => {
  expect(vitalText(kind('cls'), 0.1)).toBe('0.10');
  expect(vitalText(kind('cls'), 0.004)).toBe('0.004');
  expect(vitalText(kind('lcp'), 2310)).toBe('2.31\u202fs');
});
