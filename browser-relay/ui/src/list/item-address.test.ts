import { expect, test } from 'vitest';

import { idOf } from './item-address.ts';

test.each([
  ['key=12', 12],
  ['', null],
  ['key=', null],
  ['key=-1', null],
  ['key=12x', null],
  ['key=9999999999999999', null],
])('%j names %s', (search, id) => {
  expect(idOf(new URLSearchParams(search), 'key')).toBe(id);
});
