import { expect, test } from 'vitest';

import { activeFilters, asLogQuery, listKey, momentChanges, rangeChanges, rangeOf, withField } from './address.ts';

const params = (text: string) => new URLSearchParams(text);

test.each([
  ['', 'live'],
  ['live=off', 'all'],
  ['since=-15m', '-15m'],
  ['since=-3h', 'custom'],
  ['since=2026-03-01T12:00:00Z&until=2026-03-01T13:00:00Z', 'custom'],
  ['until=-1h', 'custom'],
  ['since=-15m&until=-5m', 'custom'],
])('the range of %j is %s', (text, range) => {
  expect(rangeOf(params(text))).toBe(range);
});

test.each(['live', 'all', '-15m', '-7d'])('the range %s survives the address', (range) => {
  const address = new URLSearchParams();
  for (const [name, value] of Object.entries(rangeChanges(range))) if (typeof value === 'string') address.set(name, value);

  expect(rangeOf(address)).toBe(range);
});

test('the service is asked for what the address says', () => {
  expect(asLogQuery(params('container=a&container=b&container=a&level=>=ERROR&search=x y&since=-1h&entry=5'))).toEqual({
    container: ['a', 'b'], level: ['>=ERROR'], stream: null, search: 'x y', since: '-1h', until: null,
  });
});

test('the shown line does not make it another list', () => {
  expect(listKey(params('search=x&entry=5'))).toBe(listKey(params('search=x')));
  expect(listKey(params('search=x'))).not.toBe(listKey(params('search=x&live=off')));
});

test('each filter that is on is named and can be dropped by itself', () => {
  expect(activeFilters(params('container=a&container=b&search=x&since=-1h'))).toEqual([
    { words: 'container a, b', without: { container: null } },
    { words: 'search x', without: { search: null } },
    { words: 'last hour', without: rangeChanges('all') },
  ]);
  expect(activeFilters(params('level=error,info'))).toEqual([{ words: 'level INFO, ERROR', without: { level: null } }]);
  expect(activeFilters(params('live=off&level=loud'))).toEqual([]);
});

test.each([
  ['', 'status', 500, 'status:500'],
  ['refused', 'user.name', 'Ann Lee', 'refused user.name:"Ann Lee"'],
  ['a OR b', 'x', 1, '(a OR b) x:1'],
  ['x:1 y', 'x', 1, 'x:1 y'],
  ['', 'q', 'say "hi"', 'q:"say hi"'],
])('%j with one more field', (search, field, value, result) => {
  expect(withField(search, field, value)).toBe(result);
});

test('a stretch of the histogram is a range of its own', () => {
  expect(momentChanges(0, 60_000)).toEqual({ since: '1970-01-01T00:00:00.000Z', until: '1970-01-01T00:01:00.000Z', live: null });
});
