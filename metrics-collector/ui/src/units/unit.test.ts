import { describe, expect, test } from 'vitest';

import { asExactText, asText, changeText, unitOfMetric, type Unit } from './unit.ts';

const plain = (text: string | null) => text?.replaceAll('\u202f', ' ') ?? null;

test.each<[string, Unit]>([
  ['http_request_duration_seconds', 'seconds'],
  ['cpu_seconds_total', 'seconds'],
  ['browser_http_request_duration_ms', 'milliseconds'],
  ['web_vitals_lcp', 'milliseconds'],
  ['web_vitals_cls', 'plain'],
  ['page_load_time', 'milliseconds'],
  ['process_resident_memory_bytes', 'bytes'],
  ['sent_bytes_total', 'bytes'],
  ['cache_hit_ratio', 'share'],
  ['orders_total', 'plain'],
])('%s is in %s', (name, unit) => {
  expect(unitOfMetric(name)).toBe(unit);
});

describe('short text', () => {
  test.each<[number, Unit, string]>([
    [0.000_231, 'seconds', '231 µs'],
    [0.2314, 'seconds', '231 ms'],
    [2.3149, 'seconds', '2.31 s'],
    [192, 'seconds', '3.2 min'],
    [7200, 'seconds', '2 h'],
    [0, 'seconds', '0 s'],
    [231.4, 'milliseconds', '231 ms'],
    [2500, 'milliseconds', '2.5 s'],
    [999, 'bytes', '999 B'],
    [1_420_000, 'bytes', '1.42 MB'],
    [3.2e9, 'bytes', '3.2 GB'],
    [1500, 'bytes per second', '1.5 KB/s'],
    [12.44, 'per second', '12.4/s'],
    [0.0269, 'per second', '0.0269/s'],
    [48_312, 'per second', '48.3 k/s'],
    [0.0123, 'share', '1.23 %'],
    [0, 'share', '0 %'],
    [1, 'limit', '100 %'],
    [-3.14159, 'plain', '−3.14'],
    [1e-9, 'plain', '0.000000001'],
    [100, 'plain', '100'],
    [0.1 + 0.2, 'plain', '0.3'],
  ])('%d in %s is %s', (value, unit, text) => {
    expect(plain(asText(value, unit))).toBe(text);
  });
});

test('the exact value keeps its digits', () => {
  expect(plain(asExactText(48_312.123_456, 'per second'))).toBe('48 312.123456 per second');
  expect(plain(asExactText(-1_234_567, 'bytes'))).toBe('−1 234 567 bytes');
  expect(plain(asExactText(-0.5, 'plain'))).toBe('−0.5');
  expect(plain(asExactText(0.1 + 0.2, 'plain'))).toBe('0.3');
});

test.each<[number | null, number | null, string | null]>([
  [112, 100, '+12 %'],
  [97, 100, '−3 %'],
  [100, 100, '+0 %'],
  [1, 0, null],
  [null, 3, null],
  [3, null, null],
])('from %s, before %s, is a change of %s', (value, before, text) => {
  expect(plain(changeText(value, before))).toBe(text);
});
