import { page, query } from '@monlight/ui/router.ts';
import { startKeyboard } from '@monlight/ui/keyboard.ts';
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { aBucket, anAnswer } from '../sample.ts';
import type { MetricAnswer } from '../wire.ts';
import { explored } from './explored.ts';
import { ExplorePage } from './ExplorePage.tsx';

vi.mock('@monlight/ui/chart/LineChart.tsx', () => ({
  LineChart: ({ summary, view }: { summary: string; view: { lines: unknown[] } }) => <div role="img" aria-label={summary} data-lines={view.lines.length} />,
}));

let metric: (params: URLSearchParams) => Response;
const asked: string[] = [];
let stopKeyboard: () => void;

const answer = (body: unknown) => new Response(JSON.stringify(body));
const shows = (more: Partial<MetricAnswer>) => () => answer(anAnswer(more));

beforeEach(() => {
  asked.length = 0;
  page.value = 'explore';
  history.replaceState(null, '', '/explore');
  stopKeyboard = startKeyboard();
  vi.stubGlobal('fetch', async (address: string) => {
    asked.push(address);
    if (address.startsWith('api/metrics?')) return metric(new URLSearchParams(address.slice('api/metrics?'.length)));
    if (address.startsWith('api/metrics/names')) {
      return answer({ metrics: ['orders_total', 'visits_total'].map((name) => ({ name, type: 'counter', project: 'shop', series: 3 })) });
    }
    if (address.startsWith('api/metrics/labels')) return answer({ labels: [{ name: 'country', values: ['NL', 'DE'] }] });
    return answer({ projects: [] });
  });
});
afterEach(async () => {
  await act(() => render(null, document.body));
  explored.forget();
  stopKeyboard();
  page.value = '';
  vi.unstubAllGlobals();
});

async function open(address: string) {
  query.value = new URLSearchParams(address);
  await act(() => render(<ExplorePage />, document.body));
}

const text = () => (document.body.textContent ?? '').replaceAll('\u202f', ' ');
const see = (words: string) => vi.waitFor(() => expect(text()).toContain(words));
const lines = () => document.querySelector('[data-lines]')?.getAttribute('data-lines');
const button = (words: string) => [...document.querySelectorAll('button')].find((one) => one.textContent?.trim() === words);
const click = (words: string) => act(() => button(words)?.click());

test('without a metric it says how to pick one, and each leads to itself', async () => {
  await open('period=3h&project=shop');
  await see('Pick a metric');
  await see('visits_total');

  const link = [...document.querySelectorAll('.metric-list a')].find((one) => one.textContent?.includes('visits_total'));
  expect(link?.getAttribute('href')).toBe('./explore?period=3h&project=shop&metric=visits_total&type=counter');
});

test('a counter is asked for with its rate and shown with its figures', async () => {
  metric = shows({ data: [aBucket(1, { sum: 120, rate: 2 })] });
  await open('metric=orders_total&type=counter');
  await see('Increase');

  expect(asked.some((address) => address.startsWith('api/metrics?name=orders_total') && address.includes('rate=true'))).toBe(true);
  expect([...document.querySelectorAll('.series td')].map((cell) => cell.textContent)).toEqual(['orders_total', '2/s', '2/s', '2/s', '0.4/s', '120']);
});

test('known labels are offered and split by', async () => {
  metric = shows({ data: [aBucket(1)] });
  await open('metric=orders_total&type=counter');
  await vi.waitFor(() => expect(document.querySelectorAll('#label-values option')).toHaveLength(2));
  await click('country');

  expect(query.value.get('group_by')).toBe('country');
  await vi.waitFor(() => expect(asked.at(-1)).toContain('group_by=country'));
});

test('a filter is a chip that can be taken off', async () => {
  metric = shows({ data: [aBucket(1)] });
  await open('metric=orders_total&type=counter&labels=country:NL,at:12:30');
  await see('country: NL');
  await act(() => document.querySelector<HTMLElement>('.filter-chip')?.click());

  expect(query.value.get('labels')).toBe('at:12:30');
});

test('of very many series the largest are drawn, and the rest is one click away', async () => {
  const series = Array.from({ length: 312 }, (_, at) => ({ labels: { tenant: `t${at}` }, data: [aBucket(1, { sum: at })] }));
  metric = shows({ series });
  await open('metric=orders_total&type=counter&group_by=tenant');
  await see('20 of 312 shown');

  expect(lines()).toBe('20');
  expect(document.querySelector('.series td')?.textContent).toBe('t311');
  await click('Show all');
  expect(document.querySelectorAll('.series tbody tr')).toHaveLength(312);
});

test('a click on a series draws it alone, another one all again', async () => {
  metric = shows({ series: ['NL', 'DE'].map((country) => ({ labels: { country }, data: [aBucket(1)] })) });
  await open('metric=orders_total&type=counter&group_by=country');
  await see('DE');
  expect(lines()).toBe('2');

  await click('DE');
  expect(lines()).toBe('1');
  await click('DE');
  expect(lines()).toBe('2');
});

test('too many rows by the minute are asked for by the hour', async () => {
  metric = (params) =>
    params.get('resolution') === 'hour'
      ? answer(anAnswer({ resolution: 'hour', series: [{ labels: { tenant: 'a' }, data: [aBucket(0)] }] }))
      : new Response('{"detail":"more than 100000 rows"}', { status: 400 });
  await open('metric=orders_total&type=counter&group_by=tenant');

  await see('1-hour rollup');
});

test('a question that is refused says why', async () => {
  metric = () => new Response('{"detail":"labels: \\"x\\" is not name:value"}', { status: 400 });
  await open('metric=orders_total&type=counter');

  await see('labels: "x" is not name:value');
});

test('percentiles say how exact they are', async () => {
  metric = shows({ name: 'took_seconds', type: 'histogram', data: [aBucket(1, { p95: 0.2314, exact: false })] });
  await open('metric=took_seconds&type=histogram');

  await see('1-minute rollup, percentiles ±0.54 %');
  expect(document.querySelector('.series .now')?.textContent?.replace('\u202f', ' ')).toBe('231 ms');
});

test('compared, the previous period is asked for and its change shown', async () => {
  metric = (params) => answer(anAnswer({ data: [aBucket(params.has('since') ? -4 : 1, { sum: params.has('since') ? 60 : 120 })] }));
  await open('metric=orders_total&type=counter&compare=previous');

  await see('+100 %');
});
