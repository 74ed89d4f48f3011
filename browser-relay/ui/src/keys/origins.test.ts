import { expect, test } from 'vitest';

import { hintsOf, originsOf, replaceLine } from './origins.ts';

test.each([
  ['https://shop.example.com', 'only shop.example.com, by https'],
  ['HTTPS://Shop.Example.com:443/', 'only shop.example.com, by https'],
  ['http://localhost:3000', 'only localhost, by http, port 3000'],
  ['http://[::1]:3000', 'only [::1], by http, port 3000'],
  ['https://*.example.com', 'every host below example.com, not example.com itself, by https'],
  ['https://preview-*.example.com', 'hosts such as preview-x.example.com, by https'],
  ['capacitor://localhost', 'only localhost, by capacitor'],
  ['null', 'pages without an origin: files, sandboxed frames'],
])('%s means: %s', (line, text) => {
  expect(hintsOf(line)).toEqual([{ line, ok: true, text }]);
});

test.each([
  ['shop.example.com', 'the scheme is missing', 'https://shop.example.com'],
  ['localhost:3000/app', 'the scheme is missing', 'https://localhost:3000'],
  ['https://shop.example.com/checkout?x=1', 'an origin ends before the path', 'https://shop.example.com'],
  ['https://*.*.example.com', 'one * is enough', undefined],
  ['https://*', 'a * stands for a part of the host, not for all of it', undefined],
  ['*', 'leave the field empty instead of allowing every host', undefined],
  ['https://', 'the host is not one', undefined],
  ['https://two words', 'the host is not one', undefined],
  ['https://x:port', 'not scheme, host and port', undefined],
])('%s is no origin: %s', (line, text, instead) => {
  expect(hintsOf(line)).toEqual([{ line, ok: false, text, ...(instead !== undefined && { instead }) }]);
});

test('there is one origin in each line, or between commas', () => {
  expect(originsOf(' https://a.example \n\nhttps://b.example,https://c.example\n')).toEqual(['https://a.example', 'https://b.example', 'https://c.example']);
});

test('a line is put right and the others stay', () => {
  expect(replaceLine('https://a.example\nb.example', 'b.example', 'https://b.example')).toBe('https://a.example\nhttps://b.example');
});
