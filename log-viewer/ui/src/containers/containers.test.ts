import { expect, test } from 'vitest';

import type { Container } from '../wire.ts';
import { hueOf } from './color.ts';
import { choose, groupByProject } from './containers.ts';

const aContainer = (name: string, project: string | null): Container => ({
  name, project, log_count: 1, image: 'x', running: true, last_log: null, service: null, unreadable: null,
});

test('containers are grouped by project, those without one last', () => {
  const found = groupByProject([aContainer('z', null), aContainer('web-10', 'shop'), aContainer('web-2', 'shop'), aContainer('db', 'blog')]);

  expect(found.map(({ name, containers }) => [name, ...containers.map((one) => one.name)])).toEqual([
    ['blog', 'db'], ['shop', 'web-2', 'web-10'], ['', 'z'],
  ]);
});

test('a click takes only that one, and with a further key one more or less', () => {
  expect(choose([], 'a', false)).toEqual(['a']);
  expect(choose(['a', 'b'], 'c', false)).toEqual(['c']);
  expect(choose(['a'], 'a', false)).toEqual([]);
  expect(choose(['a'], 'b', true)).toEqual(['a', 'b']);
  expect(choose(['a', 'b'], 'a', true)).toEqual(['b']);
});

test('a name has one colour, and similar names differ', () => {
  const hues = ['shop-web-1', 'shop-web-2', 'shop-db-1', 'shop-worker-1', 'shop-cache-1', 'nginx', 'redis', 'postgres'].map(hueOf);

  expect(hueOf('shop-web-1')).toBe(hues[0]);
  expect(new Set(hues).size).toBeGreaterThanOrEqual(6);
});
