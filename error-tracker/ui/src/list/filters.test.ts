import { expect, test } from 'vitest';

import { asListQuery, isNarrowed, STATUSES, statusChanges, statusOf } from './filters.ts';

const NOW = Date.parse('2026-11-21T12:00:00.000Z');
const params = (text: string) => new URLSearchParams(text);

test.each(STATUSES)('the address of the status %s is read as that status', (status) => {
  const changes = Object.entries(statusChanges(status)).filter(([, value]) => value);
  expect(statusOf(new URLSearchParams(changes as [string, string][]))).toBe(status);
});

test('a link written by hand means what the service means', () => {
  const address = params('project=shop&resolved=all&sort=count');

  expect(statusOf(address)).toBe('all');
  expect(asListQuery(address, NOW)).toMatchObject({ project: 'shop', resolved: 'all', sort: 'count' });
});

test('an age becomes a moment, a moment stays', () => {
  expect(asListQuery(params('since=24h'), NOW)['since']).toBe('2026-11-20T12:00:00.000Z');
  expect(asListQuery(params('since=2026-01-01T00:00:00Z'), NOW)['since']).toBe('2026-01-01T00:00:00Z');
});

test('what belongs to one error is not sent with the list', () => {
  expect(asListQuery(params('error=4&occurrence=2&stack=all'), NOW)).not.toHaveProperty('error');
});

test('a status alone does not narrow, a search does', () => {
  expect(isNarrowed(params('resolved=all&sort=count'))).toBe(false);
  expect(isNarrowed(params('search=x'))).toBe(true);
});
