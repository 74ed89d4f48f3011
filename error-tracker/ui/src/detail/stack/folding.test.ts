import { expect, test } from 'vitest';

import { aFrame } from '../../sample.ts';
import { fold, place } from './folding.ts';

const frames = (pattern: string) => [...pattern].map((letter) => aFrame({ in_app: letter === 'A' }));
const shape = (pattern: string) => fold(frames(pattern)).map((piece) => (piece.kind === 'frame' ? 'f' : piece.frames.length)).join(' ');

test.each([
  ['A', 'f'],
  ['ALLLA', 'f 3 f'],
  ['LLALL', '2 f 2'],
  ['ALA', 'f f f'],
  ['LLL', 'f f f'],
  ['', ''],
])('%s folds to %s', (pattern, folded) => {
  expect(shape(pattern)).toBe(folded);
});

test('no frame is lost or doubled', () => {
  const all = frames('LLALAALLLLAL');
  const back = fold(all).flatMap((piece) => (piece.kind === 'frame' ? [piece.frame] : piece.frames));
  expect(back).toEqual(all);
});

test('keys are distinct', () => {
  const keys = fold(frames('LLALAALLLLAL')).map((piece) => piece.key);
  expect(new Set(keys).size).toBe(keys.length);
});

test.each([
  ['/srv/shop/cart.py', 31, 12, ['/srv/shop/', 'cart.py', ':31:12']],
  ['C:\\shop\\Cart.cs', 7, null, ['C:\\shop\\', 'Cart.cs', ':7']],
  ['main.go', null, null, ['', 'main.go', '']],
])('%s:%s:%s is split for reading', (file, line, column, [folder, name, position]) => {
  expect(place(aFrame({ file, line, column }))).toEqual({ folder, name, position });
});
