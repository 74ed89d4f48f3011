import { expect, test } from 'vitest';

import { fillingOf, statOf, unitOf } from './stats.ts';

test('an address may name a statistic that the type does not have', () => {
  expect(statOf('counter', 'p95')).toBe('rate');
  expect(statOf('gauge', null)).toBe('avg');
  expect(statOf('histogram', 'p99')).toBe('p99');
});

test('nothing is zero for what is counted, and unknown for what is measured', () => {
  expect(fillingOf('rate', 'counter')).toBe('zero');
  expect(fillingOf('count', 'histogram')).toBe('zero');
  expect(fillingOf('p95', 'histogram')).toBe('gap');
  expect(fillingOf('last', 'gauge')).toBe('gap');
});

test('the unit follows from the name and from what is asked', () => {
  expect(unitOf('sent_bytes_total', 'counter', 'rate')).toBe('bytes per second');
  expect(unitOf('sent_bytes_total', 'counter', 'sum')).toBe('bytes');
  expect(unitOf('took_seconds', 'histogram', 'p95')).toBe('seconds');
  expect(unitOf('took_seconds', 'histogram', 'rate')).toBe('per second');
  expect(unitOf('took_seconds', 'histogram', 'count')).toBe('plain');
});
