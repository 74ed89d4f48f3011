import { expect, test } from 'vitest';

import { anEntry } from '../sample.ts';
import { textOf } from './run.ts';
import { foldedLength, shownOf } from './shown.ts';
import { summaryOf } from './summary.ts';

const json = (fields: Record<string, unknown>) => anEntry(1, { message: JSON.stringify(fields), fields });
const summary = (fields: Record<string, unknown>) => textOf(summaryOf(json(fields)) ?? []);

test('the message comes first, then what the row does not show already', () => {
  expect(summary({ level: 'info', ts: 1, status: 200, msg: 'request finished', user: { id: 7 } })).toBe(
    'request finished  status=200  user={"id":7}',
  );
});

test('without a message the fields speak', () => {
  expect(summary({ level: 'info', a: null, b: [1, 2], c: 'x' })).toBe('a=null  b=[1,2]  c=x');
});

test('long and many values are cut', () => {
  expect(summary({ msg: 'm', long: 'x'.repeat(500) })).toBe(`m  long=${'x'.repeat(120)}…`);
  expect(summary(Object.fromEntries(Array.from({ length: 99 }, (_, at) => [`k${at}`, 1]))).split('=')).toHaveLength(25);
});

test('what is no line of JSON is shown as it is', () => {
  expect(summaryOf(anEntry(1, { message: 'level=info a=1', fields: { a: 1 } }))).toBeNull();
  expect(summaryOf(anEntry(1, { message: '{"a":1}', fields: null }))).toBeNull();
});

test('a line of several lines is folded to its first', () => {
  const shown = shownOf(anEntry(1, { message: 'first\nsecond\n\nfourth\n' }), []);

  expect(textOf(shown.runs)).toBe('first');
  expect(shown.moreLines).toBe(3);
});

test('a traceback says what it is about', () => {
  const shown = shownOf(anEntry(1, { message: 'Traceback (most recent call last):\n  File "a.py"\nKeyError: 7\n' }), []);

  expect(textOf(shown.runs)).toBe('Traceback (most recent call last): … KeyError: 7');
});

test('a very long line is cut and says by how much', () => {
  const entry = anEntry(1, { message: 'x'.repeat(1_000_000) });
  const shown = shownOf(entry, []);

  expect(textOf(shown.runs)).toHaveLength(600);
  expect(shown.moreCharacters).toBe(999_400);
  expect(foldedLength(entry)).toBe(600);
});
