import { expect, test } from 'vitest';

import { createSelection } from './selection.ts';

const of = (ids: number[]) => createSelection(() => ids);

test('the cursor starts at the near end and stops at the far one', () => {
  const selection = of([1, 2, 3]);

  selection.move(1);
  expect(selection.cursor.value).toBe(1);
  selection.move(5);
  expect(selection.cursor.value).toBe(3);
  selection.move(-9);
  expect(selection.cursor.value).toBe(1);
});

test('going up without a cursor starts at the end', () => {
  const selection = of([1, 2, 3]);
  selection.move(-1);
  expect(selection.cursor.value).toBe(3);
});

test('an empty list has no cursor', () => {
  const selection = of([]);
  selection.move(1);
  expect(selection.cursor.value).toBeNull();
});

test('a range takes everything from the last row touched, in either direction', () => {
  const selection = of([1, 2, 3, 4, 5]);

  selection.toggle(4);
  selection.toggle(2, true);

  expect([...selection.ticked.value].sort()).toEqual([2, 3, 4]);
});

test('a range can be taken back', () => {
  const selection = of([1, 2, 3, 4]);
  selection.tickAll();

  selection.toggle(2);
  selection.toggle(4, true);

  expect([...selection.ticked.value]).toEqual([1]);
});

test('selecting all twice selects none', () => {
  const selection = of([1, 2]);
  selection.tickAll();
  selection.tickAll();
  expect(selection.ticked.value.size).toBe(0);
});

test('rows that are gone are forgotten', () => {
  const selection = of([1, 2, 3]);
  selection.tickAll();
  selection.cursor.value = 2;

  selection.keepOnly([1, 3]);

  expect([...selection.ticked.value]).toEqual([1, 3]);
  expect(selection.cursor.value).toBeNull();
});
