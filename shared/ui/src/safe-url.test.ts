import { expect, test } from 'vitest';

import { safeUrl } from './safe-url.ts';

test.each(['http://a.example/x', 'https://a.example/?q=1', 'HTTPS://a.example/'])('%s may be a link', (text) => {
  expect(safeUrl(text)).not.toBeNull();
});

test.each(['javascript:alert(1)', ' javascript:alert(1)', 'java\nscript:alert(1)', 'data:text/html,x', '//a.example', 'https://', '', null])(
  '%j stays text',
  (text) => {
    expect(safeUrl(text)).toBeNull();
  },
);
