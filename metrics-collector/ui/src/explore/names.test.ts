import { expect, test } from 'vitest';

import { firstAnd, found, merged } from './names.ts';
import { offered } from './FilterField.tsx';

const metric = (name: string, project = 'shop', series = 1) => ({ name, type: 'counter' as const, project, series });

test('a metric of several projects is one entry', () => {
  expect(merged([metric('a'), metric('a', 'blog', 4), metric('b')])).toEqual([metric('a', 'shop', 5), metric('b')]);
});

test('every word has to occur, in any order and case', () => {
  const names = [metric('http_requests_total'), metric('orders_total')];
  expect(found(names, 'TOTAL http')).toEqual([names[0]]);
  expect(found(names, '  ')).toEqual(names);
});

test('every value is offered, one with a comma too', () => {
  expect(offered([{ name: 'a', values: ['1', '2,3'] }])).toEqual(['a:1', 'a:2,3']);
});

test('the chosen metric is in the list even when the list is cut', () => {
  const names = ['a', 'b', 'c'].map((name) => metric(name));
  const first = (chosen: string) => firstAnd(names, 2, ({ name }) => name === chosen).map(({ name }) => name);

  expect(first('b')).toEqual(['a', 'b']);
  expect(first('c')).toEqual(['c', 'a', 'b']);
});
