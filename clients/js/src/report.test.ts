import { expect, test } from 'vitest';

import { describe as read } from './report.ts';

test('an error says its type, message and stack', () => {
  const error = new TypeError('no such thing');

  expect(read(error, 'Error')).toEqual({ type: 'TypeError', message: 'no such thing', stack: error.stack });
});

test.each([
  ['text', 'text'],
  [7, '7'],
  [{ code: 7 }, '{"code":7}'],
  [undefined, 'unreadable'],
  [Symbol('s'), 'Symbol(s)'],
])('of %s, which is no error, the value is the message and the place the stack', (thrown, message) => {
  expect(read(thrown, 'Error', '    at https://x.io/a.js:1:2')).toEqual({ type: 'Error', message, stack: '    at https://x.io/a.js:1:2' });
});

test('causes and members follow, and a circle of them ends', () => {
  const error = new AggregateError([new Error('first'), 'second'], 'all failed', { cause: new RangeError('the cause') });
  (error.cause as Error).cause = error;
  const { stack } = read(error, 'Error');

  expect(stack).toContain('Caused by: RangeError: the cause');
  expect(stack).toContain('Caused by: Error: first');
  expect(stack).toContain('Caused by: second');
  expect(stack.split('Caused by').length).toBeLessThanOrEqual(7);
});

test('an error whose members throw is an error', () => {
  const error = Object.create(Error.prototype, {
    name: { get: () => { throw new Error('name'); } },
    message: { get: () => { throw new Error('message'); } },
    stack: { get: () => { throw new Error('stack'); } },
    cause: { get: () => { throw new Error('cause'); } },
  });

  expect(read(error, 'Error', 'place')).toEqual({ type: 'Error', message: '', stack: 'place' });
});

test('a proxy that throws at every touch is unreadable', () => {
  const fail = () => { throw new Error('no'); };

  expect(read(new Proxy({}, { get: fail, has: fail, getPrototypeOf: fail, ownKeys: fail }), 'Error').message).toBe('unreadable');
});

test('frames of this package are left out', () => {
  const error = new Error('x');
  error.stack = 'Error: x\n    at a (https://x.io/monlight.min.js:1:2)\n    at b (https://x.io/node_modules/@monlight/browser/dist/index.js:1:2)\n    at c (https://x.io/app.js:1:2)';

  expect(read(error, 'Error').stack).toBe('Error: x\n    at c (https://x.io/app.js:1:2)');
});
