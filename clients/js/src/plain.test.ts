import { expect, test } from 'vitest';

import { plain } from './plain.ts';

test('plain values stay, with their secrets masked', () => {
  const value = { n: 1, b: false, nothing: null, empty: '', list: [1, 'a', { '/x?sid=1': '/y?token=abc' }] };

  expect(plain(value)).toEqual({ n: 1, b: false, nothing: null, empty: '', list: [1, 'a', { '/x?sid=***': '/y?token=***' }] });
});

test('a circle ends', () => {
  const circle: Record<string, unknown> = { name: 'x' };
  circle['self'] = circle;
  circle['again'] = [circle, circle];

  expect(JSON.stringify(plain(circle)).length).toBeLessThan(50_000);
});

test('getters and texts that throw leave a gap', () => {
  const value = {
    fine: 1,
    get bad() {
      throw new Error('no');
    },
    worse: new (class {
      toString() {
        throw new Error('no');
      }
    })(),
  };

  expect(plain(value)).toEqual({ fine: 1, bad: undefined, worse: undefined });
});

test('what is no plain object is not looked into', () => {
  const element = document.createElement('input');
  element.value = 'secret';

  expect(JSON.stringify(plain({ element, window, map: new Map([['a', 'secret']]) }))).not.toContain('secret');
  expect(plain(12n)).toBe('12');
  expect(plain(new Date(0))).toContain('1970');
});

test('what is nested too deeply is left out', () => {
  const deep: Record<string, unknown> = {};
  let inner = deep;
  for (let level = 0; level < 100; level++) inner = inner['a'] = {};

  expect(JSON.stringify(plain(deep))).toBe('{"a":'.repeat(7) + '"[deep]"' + '}'.repeat(7));
});

test('a text that comes last has what is left', () => {
  const value = { first: '€'.repeat(7000), second: '€'.repeat(7900), third: '€'.repeat(8000) };

  expect(new TextEncoder().encode(JSON.stringify(plain(value))).length).toBeLessThan(46_000);
});

test('the whole is bounded', () => {
  const value = { text: '€'.repeat(1e6), many: Array.from({ length: 1e5 }, (_, at) => ({ at, text: 'x'.repeat(100) })) };

  expect(new TextEncoder().encode(JSON.stringify(plain(value))).length).toBeLessThan(60_000);
});
