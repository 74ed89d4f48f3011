import { expect, test } from 'vitest';

import { addressParts, keptUntil, wasUsed } from './words.ts';

test.each([
  ['https://shop.example.com/assets/app.js', 'https://shop.example.com/assets/', 'app.js'],
  ['~/app.js', '~/', 'app.js'],
  ['app.js', '', 'app.js'],
  ['https://shop.example.com/', 'https://', 'shop.example.com/'],
])('%s is %j and %j', (fileUrl, folder, file) => {
  expect(addressParts(fileUrl)).toEqual([folder, file]);
});

test('a map was used when a stack has needed it after the upload', () => {
  const uploaded_at = '2026-11-01T10:00:00.000Z';

  expect(wasUsed({ uploaded_at, last_used: uploaded_at })).toBe(false);
  expect(wasUsed({ uploaded_at, last_used: '2026-11-02T10:00:00.000Z' })).toBe(true);
});

test('a map is kept from its last use', () => {
  expect(keptUntil({ last_used: '2026-11-01T10:00:00.000Z' }, 90)).toBe('2027-01-30T10:00:00.000Z');
});
