import { expect, test } from 'vitest';

import { asAsked, filterChanges, filtersOf, metricChanges, questionOf, withFilter } from './question.ts';

const params = (text: string) => new URLSearchParams(text);

test('the address holds the whole question', () => {
  const question = questionOf(params('metric=orders_total&type=counter&project=shop&labels=country:NL,at:12:30&group_by=country,at'));

  expect(question).toEqual({
    metric: 'orders_total',
    type: 'counter',
    project: 'shop',
    filters: [
      ['country', 'NL'],
      ['at', '12:30'],
    ],
    groupBy: ['country', 'at'],
  });
});

test('without a metric nothing is asked, and an unknown type is none', () => {
  expect(questionOf(params('labels=a:b'))).toBeNull();
  expect(questionOf(params('metric=m&type=summary'))?.type).toBeNull();
});

test('filters survive the way into the address and back', () => {
  const filters = filtersOf('a:1,b:x:y,:lost,nothing,c:');
  expect(filters).toEqual([
    ['a', '1'],
    ['b', 'x:y'],
    ['c', ''],
  ]);
  expect(filtersOf(String(filterChanges(filters)['labels']))).toEqual(filters);
});

test('commas and backslashes in a value survive the address', () => {
  const filters = [['a', '1,2'], ['b', 'C:\\x'], ['c,d', ',']] as const;
  expect(filterChanges(filters)).toEqual({ labels: 'a:1\\,2,b:C:\\\\x,c\\,d:\\,' });
  expect(filtersOf(String(filterChanges(filters)['labels']))).toEqual(filters);
});

test('a second value of a label takes the place of the first', () => {
  expect(withFilter(filtersOf('a:1,b:2'), ['a', '3'])).toEqual(filtersOf('b:2,a:3'));
});

test('the service is asked in its own words; a counter with its rate', () => {
  const address = params('metric=orders_total&type=counter&labels=a:b&group_by=c&period=3h');
  expect(asAsked(questionOf(address)!, address)).toEqual({
    name: 'orders_total',
    type: 'counter',
    project: null,
    period: '3h',
    since: null,
    until: null,
    labels: 'a:b',
    group_by: 'c',
    resolution: null,
    rate: 'true',
  });
  expect(asAsked(questionOf(address)!, params('resolution=hour'))['resolution']).toBe('hour');
  expect(asAsked(questionOf(address)!, params('resolution=day'))['resolution']).toBeNull();
});

test('another metric starts with no filters', () => {
  expect(metricChanges('cpu', 'gauge')).toEqual({ metric: 'cpu', type: 'gauge', labels: null, group_by: null, stat: null });
});
