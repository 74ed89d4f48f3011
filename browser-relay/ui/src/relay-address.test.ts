import { expect, test } from 'vitest';

import { dsnOf, relayAddress } from './relay-address.ts';

test.each([
  [null, 'http://localhost:5013/', 'http://localhost:5013'],
  [null, 'https://example.com/monlight/source-maps?project=x', 'https://example.com/monlight'],
  ['https://relay.example.com/', 'http://10.0.0.3:5013/', 'https://relay.example.com'],
])('with PUBLIC_URL %s and the page at %s browsers reach it at %s', (publicUrl, page, address) => {
  expect(relayAddress(publicUrl, page)).toBe(address);
});

test('a DSN is the address with the key before it', () => {
  expect(dsnOf('abc', 'https://example.com/monlight')).toBe('https://abc@example.com/monlight');
});
