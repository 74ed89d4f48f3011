import { expect, test } from 'vitest';

import { aFrame } from '../../sample.ts';
import type { Exception } from '../../wire.ts';
import { withRelayFrames } from './relay-frames.ts';

const read: Exception = { title: 'TypeError: x', relation: null, frames: [aFrame({ file: 'https://cdn.example/app.js' })] };
const found = {
  file: 'src/cart.ts',
  line: 31,
  column: 12,
  function: 'total',
  source: 'webpack:///./src/cart.ts',
  in_app: true,
  pre_context: ['before'],
  context_line: 'here',
  post_context: ['after'],
};
const missing = { file: 'https://cdn.example/app.js', line: 1, column: 900, in_app: true, pre_context: [], post_context: [], unresolved: 'no map' };

test('the frames of the relay take the place of those that were read', () => {
  const [exception] = withRelayFrames([read], { frames: [found, missing] });

  expect(exception?.title).toBe('TypeError: x');
  expect(exception?.frames).toEqual([
    aFrame({ file: 'src/cart.ts', column: 12, pre_context: ['before'], context_line: 'here', post_context: ['after'] }),
    aFrame({ file: 'https://cdn.example/app.js', line: 1, column: 900, function: null, unresolved: 'no map' }),
  ]);
});

test('a frame without lines says why, and one outside scripts needs no place', () => {
  const native = { file: '', in_app: false, pre_context: [], post_context: [], unresolved: 'not in a script' };

  const [exception] = withRelayFrames([], { frames: [{ ...missing, unresolved: undefined, no_context: 'no sources' }, native] });

  expect(exception?.frames.map((frame) => [frame.line, frame.unresolved])).toEqual([
    [1, 'no sources'],
    [null, 'not in a script'],
  ]);
});

test.each([
  ['nothing', null],
  ['no frames', {}],
  ['an empty list', { frames: [] }],
  ['an object', { frames: { 0: found } }],
  ['a number among them', { frames: [found, 7] }],
  ['no file', { frames: [{ ...found, file: undefined }] }],
  ['a line as text', { frames: [{ ...found, line: '31' }] }],
  ['a column that is no position', { frames: [{ ...found, column: -1.5 }] }],
  ['no word on whose it is', { frames: [{ ...found, in_app: 'yes' }] }],
  ['context that is no list', { frames: [{ ...found, pre_context: 'before' }] }],
  ['context that is no text', { frames: [{ ...found, post_context: [{}] }] }],
  ['a reason that is no text', { frames: [{ ...missing, unresolved: {} }] }],
])('%s leaves the stack as it was read', (_, extra) => {
  expect(withRelayFrames([read], extra)).toEqual([read]);
});

test('a chain of exceptions stays one', () => {
  const chain: Exception[] = [read, { ...read, relation: 'cause' }];

  expect(withRelayFrames(chain, { frames: [found] })).toEqual(chain);
});

test('no more is shown than can be read', () => {
  const long = { ...found, pre_context: Array.from({ length: 50 }, (_, at) => `${at}`), post_context: Array.from({ length: 50 }, (_, at) => `${at}`) };

  const [exception] = withRelayFrames([read], { frames: Array.from({ length: 10_000 }, () => long) });

  expect(exception?.frames.length).toBe(500);
  expect(exception?.frames[0]).toMatchObject({ pre_context: ['40', '41', '42', '43', '44', '45', '46', '47', '48', '49'] });
  expect(exception?.frames[0]?.post_context.length).toBe(10);
});
