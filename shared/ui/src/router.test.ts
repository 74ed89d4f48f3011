import { afterEach, beforeEach, expect, test } from 'vitest';

import { go, hasHistory, linkTo, linkWith, page, query, startRouter } from './router.ts';

let stop: () => void;

beforeEach(() => {
  history.replaceState(null, '', '/prefix/?project=shop&sort=count');
  query.value = new URLSearchParams(location.search);
  page.value = '';
  stop = startRouter();
});
afterEach(() => stop());

test('a link keeps what it does not change', () => {
  expect(linkWith({ resolved: 'all' })).toBe('./?project=shop&sort=count&resolved=all');
});

test('an empty value leaves the address', () => {
  expect(linkWith({ project: '', sort: null })).toBe('./');
});

test('a link from nothing holds only what it names', () => {
  expect(linkTo({ error: '42', project: undefined })).toBe('./?error=42');
});

test('going somewhere keeps the prefix of a reverse proxy', () => {
  go(linkTo({ error: '42' }));

  expect(location.pathname).toBe('/prefix/');
  expect(query.value.get('error')).toBe('42');
  expect(hasHistory()).toBe(true);
});

test('a page beside the first keeps its place when its query changes', () => {
  go(linkTo({ metric: 'cpu' }, 'explore'));
  expect(location.pathname).toBe('/prefix/explore');
  expect(page.value).toBe('explore');

  go(linkWith({ stat: 'max' }));
  expect(location.pathname + location.search).toBe('/prefix/explore?metric=cpu&stat=max');

  go(linkWith({ metric: null, stat: null }, ''));
  expect(location.pathname + location.search).toBe('/prefix/');
  expect(page.value).toBe('');
});

test('going to the empty address drops the query', () => {
  go(linkTo({}));

  expect(location.search).toBe('');
  expect([...query.value]).toEqual([]);
});

test('replacing does not add to the history', () => {
  const before = history.length;

  go(linkWith({ search: 'a' }), 'replace');

  expect(history.length).toBe(before);
  expect(query.value.get('search')).toBe('a');
});

test('a plain click on a link to this page is followed without leaving it', () => {
  document.body.innerHTML = '<a href="./?error=7"><b>open</b></a>';

  document.querySelector('b')?.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true }));

  expect(query.value.get('error')).toBe('7');
});

test.each([
  ['with Ctrl', './?error=7', { ctrlKey: true }],
  ['to another page', 'https://elsewhere.example/?error=7', {}],
  ['to a script', 'javascript:void 0', {}],
])('a click %s is the browser’s business', (_name, href, keys) => {
  document.body.innerHTML = `<a href="${href}">open</a>`;
  const click = new MouseEvent('click', { bubbles: true, cancelable: true, ...keys });
  document.addEventListener('click', (event) => event.preventDefault(), { once: true });

  document.querySelector('a')?.dispatchEvent(click);

  expect(query.value.has('error')).toBe(false);
});

test('a name may stand in the address several times', () => {
  query.value = new URLSearchParams('container=a&search=x');

  expect(linkWith({ container: ['b', 'c'] })).toBe('./?search=x&container=b&container=c');
  expect(linkWith({ container: [] })).toBe('./?search=x');
});
