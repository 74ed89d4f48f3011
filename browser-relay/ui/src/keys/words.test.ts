import { expect, test } from 'vitest';

import { anAbout } from '../sample.ts';
import { limitInWords, originsInWords } from './words.ts';

test.each([
  [null, true, { text: 'any', more: 0, own: false }],
  [null, false, { text: 'those of CORS_ORIGINS', more: 0, own: false }],
  [[], true, { text: 'none', more: 0, own: true }],
  [['https://a.example'], true, { text: 'https://a.example', more: 0, own: true }],
  [['https://a.example', 'https://b.example', 'null'], true, { text: 'https://a.example', more: 2, own: true }],
])('%j lets in, when any may by default is %s: %j', (allowed_origins, any_origin, words) => {
  expect(originsInWords({ allowed_origins }, anAbout({ any_origin }))).toEqual(words);
});

test('a key without a limit of its own has that of the service', () => {
  expect(limitInWords({ rate_limit: 7 }, anAbout())).toBe('7 / min');
  expect(limitInWords({ rate_limit: null }, anAbout())).toBe('300 / min');
  expect(limitInWords({ rate_limit: null }, null)).toBe('');
});
