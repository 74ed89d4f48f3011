import { expect, test } from 'vitest';

import { uploadSnippet } from './snippets.ts';

const RELAY = 'https://relay.example.com/monlight';

test('a build script uploads to the relay under its prefix', () => {
  const text = uploadSnippet(RELAY, { project: null, release: null });

  expect(text).toContain(`'${RELAY}/api/source-maps'`);
  expect(text).toContain('-F project=shop -F release="$RELEASE"');
});

test('what the list is narrowed to is filled in, as one word each', () => {
  const text = uploadSnippet(RELAY, { project: "Tom's shop", release: '1.2.0' });

  expect(text).toContain(`-F project='Tom'\\''s shop' -F release=1.2.0`);
});
