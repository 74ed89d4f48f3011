import { expect, test } from 'vitest';

import { chance } from '../sample.ts';
import { parseAnsi } from './ansi.ts';
import { findHits, markHits } from './marking.ts';
import { needlesOf, plainWord } from './needles.ts';
import { textOf, type Run } from './run.ts';

const hits = (search: string, text: string) => findHits(text, needlesOf(search)).map(([from, to]) => text.slice(from, to));

test.each([
  ['refused', 'Connection REFUSED', ['REFUSED']],
  ['connection refused', 'connection was refused', ['connection', 'refused']],
  ['"connection refused"', 'connection refused, not connection', ['connection refused']],
  ['time', 'timeout and time', ['time']],
  ['time*', 'timeout and uptime', ['time']],
  ['*out*', 'timeouts', ['out']],
  ['a OR b', 'a or b', ['a', 'b']],
  ['payment NOT health', 'payment health', ['payment']],
  ['status:500 path:"/a b"', 'status=500 path=/a b', ['500', '/a b']],
  ['10.0.0.7', 'from 10.0.0.7:80', ['10.0.0.7']],
  ['https://a.b/c', 'GET https://a.b/c 200', ['https://a.b/c']],
  ['(a OR "b c', 'a b c', ['a', 'b c']],
  ['"', 'anything', []],
])('%s in %j', (search, text, found) => {
  expect(hits(search, text)).toEqual(found);
});

test('hits that touch are one', () => {
  expect(findHits('aaaa', needlesOf('*a*'))).toEqual([[0, 4]]);
});

test('a hit goes on across the colours under it', () => {
  const runs = markHits(parseAnsi('con\u001b[31mnec\u001b[0mtion refused'), needlesOf('connection'));

  expect(runs).toEqual([
    { text: 'con', class: '', hit: true },
    { text: 'nec', class: 'fg1', hit: true },
    { text: 'tion', class: '', hit: true },
    { text: ' refused', class: '' },
  ]);
});

test('marking changes neither the text nor its colours', () => {
  const pick = chance(5);
  for (let turn = 0; turn < 2000; turn++) {
    const runs: Run[] = Array.from({ length: 1 + pick(6) }, () => ({ text: 'ab b'.repeat(1 + pick(3)).slice(pick(4)), class: `fg${pick(8)}` }));
    const marked = markHits(runs, needlesOf(['a', '*b*', '"b ab"', 'ab*'][pick(4)] ?? ''));
    expect(textOf(marked)).toBe(textOf(runs));
    const colours = (list: Run[]) => list.flatMap((run) => [...run.text].map(() => run.class));
    expect(colours(marked)).toEqual(colours(runs));
  }
});

test('only one plain word might be meant as a part of another', () => {
  expect(plainWord('refused')).toBe('refused');
  expect(plainWord('*refused*')).toBeNull();
  expect(plainWord('two words')).toBeNull();
  expect(plainWord('status:500')).toBeNull();
});
