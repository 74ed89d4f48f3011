import { expect, test } from 'vitest';

import { binaryText, bytesText, counted, exactNumber, shortNumber } from './number.ts';

test.each([
  [0, '0'],
  [999, '999'],
  [1000, '1 k'],
  [1234, '1.2 k'],
  [12_400, '12.4 k'],
  [99_960, '100 k'],
  [120_499, '120 k'],
  [999_499, '999 k'],
  [950_000, '950 k'],
  [999_500, '1 M'],
  [3_400_000, '3.4 M'],
  [2_000_000_000, '2 G'],
  [-1500, '−1.5 k'],
])('%i is short %s', (value, text) => {
  expect(shortNumber(value).replace('\u202f', ' ')).toBe(text);
});

test('exact numbers are grouped by three', () => {
  expect(exactNumber(48_312)).toBe('48\u202f312');
  expect(exactNumber(1_234_567)).toBe('1\u202f234\u202f567');
  expect(exactNumber(312)).toBe('312');
});

test('one is not many', () => {
  expect(counted(1, 'error')).toBe('1 error');
  expect(counted(0, 'error')).toBe('0 errors');
});

test.each([
  [0, '0 B'],
  [812, '812 B'],
  [4200, '4.2 KB'],
  [67_108_864, '67.1 MB'],
])('%i bytes are %s', (value, text) => {
  expect(bytesText(value).replace('\u202f', ' ')).toBe(text);
});

test.each([
  [1023, '1023 B'],
  [3756, '3.67 KiB'],
  [67_108_864, '64 MiB'],
])('%i bytes are %s of a limit', (value, text) => {
  expect(binaryText(value).replace('\u202f', ' ')).toBe(text);
});
