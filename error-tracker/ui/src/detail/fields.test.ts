import { expect, test } from 'vitest';

import { anOccurrence } from '../sample.ts';
import { differences, splitAtDifference } from './fields.ts';

test('equal fields and different ones are told apart', () => {
  const fields = differences(
    anOccurrence(1, { release: '1.1', request_headers: { a: '1' }, extra: { cart: { id: 7 } } }),
    anOccurrence(2, { release: '1.2', extra: { cart: { id: 7 } } }),
  );

  const named = (name: string) => fields.find((field) => field.name === name);
  expect(named('release')).toMatchObject({ left: '1.1', right: '1.2', same: false });
  expect(named('header a')).toMatchObject({ left: '1', right: '', same: false });
  expect(named('extra.cart.id')).toMatchObject({ left: '7', same: true });
});

test.each([
  ['user 12', 'user 13', ['user 1', '2', '']],
  ['same', 'same', ['same', '', '']],
  ['aa', 'a', ['a', 'a', '']],
  ['', 'x', ['', '', '']],
  ['a1b', 'a22b', ['a', '1', 'b']],
])('%j differs from %j in the middle only', (text, other, parts) => {
  expect(splitAtDifference(text, other)).toEqual(parts);
});
