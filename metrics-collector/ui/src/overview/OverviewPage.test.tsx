import { startKeyboard } from '@monlight/ui/keyboard.ts';
import { query } from '@monlight/ui/router.ts';
import { signInNeeded } from '@monlight/ui/session.ts';
import { toasts } from '@monlight/ui/feedback/toast.ts';
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { RangeTools } from '../range/RangeTools.tsx';
import { aDashboard, aRequestMoment, aVital } from '../sample.ts';
import type { Dashboard, MetricName } from '../wire.ts';
import { forgetEarlier, overview } from './dashboard.ts';
import { OverviewPage } from './OverviewPage.tsx';

// Canvas is the browser's business; the end-to-end suite looks at the charts.
vi.mock('@monlight/ui/chart/LineChart.tsx', () => ({ LineChart: ({ summary }: { summary: string }) => <div role="img" aria-label={summary} /> }));

let dashboard: () => Response;
let names: MetricName[] = [];
const asked: string[] = [];
let stopKeyboard: () => void;

const answer = (body: unknown) => new Response(JSON.stringify(body));

beforeEach(() => {
  asked.length = 0;
  names = [{ name: 'orders_total', type: 'counter', project: 'shop', series: 1 }];
  stopKeyboard = startKeyboard();
  vi.stubGlobal('fetch', async (address: string) => {
    asked.push(address);
    if (address.startsWith('api/dashboard')) return dashboard();
    if (address.startsWith('api/metrics/names')) return answer({ metrics: names });
    return answer({ projects: ['shop', 'blog'] });
  });
});
afterEach(async () => {
  await act(() => render(null, document.body));
  overview.forget();
  forgetEarlier();
  stopKeyboard();
  toasts.value = [];
  signInNeeded.value = false;
  vi.unstubAllGlobals();
});

async function open(address: string, shown: Partial<Dashboard>) {
  dashboard = () => answer(aDashboard(shown));
  query.value = new URLSearchParams(address);
  await act(() =>
    render(
      <>
        <RangeTools />
        <OverviewPage />
      </>,
      document.body,
    ),
  );
}

const text = () => (document.body.textContent ?? '').replaceAll('\u202f', ' ');
const see = (words: string) => vi.waitFor(() => expect(text()).toContain(words));
const press = (key: string) => act(() => void document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })));
const nothing = { summary: { total_datapoints: 0, distinct_metrics: 0 } };

test('no point at all teaches how to send one', async () => {
  names = [];
  await open('', nothing);
  await see('Waiting for the first data point');
  expect(text()).toContain('X-API-Key: $API_KEY');
  expect(text()).toContain(new URL('api/metrics', location.href).href);
});

test('nothing in this range leads to a longer one and to the other projects', async () => {
  await open('period=15m&project=blog', nothing);
  await see('Nothing came in');
  const ways = [...document.querySelectorAll('.notice a')].map((link) => link.getAttribute('href'));
  expect(ways).toEqual(['./?period=30d&project=blog', './?period=15m']);
});

test('a failure says why, and trying again is one click', async () => {
  await open('', {});
  dashboard = () => new Response('{"detail":"The database is busy."}', { status: 503, headers: { 'Retry-After': '5' } });
  await act(() => void (query.value = new URLSearchParams('period=3h')));
  await see('The database is busy.');
  expect(text()).toContain('wait 5 s');

  dashboard = () => answer(aDashboard());
  await act(() => [...document.querySelectorAll('button')].find((button) => button.textContent === 'Try again')?.click());
  await see('48.3 k data points');
});

test('a refresh that fails keeps what is shown', async () => {
  await open('', {});
  await see('48.3 k data points');
  dashboard = () => new Response('{"detail":"The database is busy."}', { status: 503 });
  await press('r');

  await vi.waitFor(() => expect(toasts.value[0]?.text).toBe('The database is busy.'));
  expect(text()).toContain('48.3 k data points');
});

test('an expired session keeps the page and goes on after signing in', async () => {
  await open('', {});
  await see('48.3 k data points');
  dashboard = () => new Response('{"detail":"Invalid API key"}', { status: 401 });
  await press('r');

  await vi.waitFor(() => expect(signInNeeded.value).toBe(true));
  expect(text()).toContain('48.3 k data points');
});

test('the summary counts, and says when the limit of series is reached', async () => {
  await open('', { cardinality: { series: 10_000, limit: 10_000, overflowing: true } });
  await see('10 000 of 10 000 series');
  expect(text()).toContain('23 metrics');
  expect(document.querySelector('[role=status]')?.textContent).toContain('overflow:true');
});

test('the endpoints are sorted by the address and lead into the explorer', async () => {
  const endpoints = [
    { endpoint: '/cart', method: 'GET', count: 60, rate: 2, error_rate: 0.02, p95: 0.1 },
    { endpoint: '<img src=x onerror=alert(1)>', method: 'POST', count: 6, rate: 0.1, error_rate: 0, p95: 2.5 },
  ];
  await open('sort=-rate&period=3h', { requests: { timeseries: [aRequestMoment(1)], endpoints } });
  await see('/cart');

  const [first, second] = document.querySelectorAll('td.name a');
  expect(first?.textContent).toBe('/cart');
  expect(first?.getAttribute('href')).toBe(
    './explore?period=3h&metric=http_request_duration_seconds&type=histogram&labels=endpoint%3A%2Fcart%2Cmethod%3AGET',
  );
  expect(second?.textContent).toContain('<img');
  expect(document.querySelector('th[aria-sort=descending]')?.textContent).toContain('Rate');
  expect(document.querySelector('td img')).toBeNull();
});

test('a vital has its rating, its shares, its samples and its change', async () => {
  const web_vitals = (p75: number, count: number) => ({
    summary: { lcp: aVital({ p75, count, rating: 'needs-improvement' }) },
    timeseries: [],
    by_page: [{ page: '/cart', lcp: 4100, inp: null, cls: 0.05, page_views: 31 }],
  });
  await open('', { web_vitals: web_vitals(3000, 42) });
  await see('only 42 samples');

  const card = document.querySelector('.vital-card');
  expect(card?.classList.contains('few')).toBe(true);
  expect(card?.textContent).toContain('Needs improvement');
  expect(card?.querySelector('.share-bar')?.getAttribute('title')).toBe('80.0 % good (34)\n15.0 % needs improvement (6)\n5.0 % poor (2)');
  expect(card?.textContent).toContain('+0');
  expect([...document.querySelectorAll('.pages td')].map((cell) => [cell.textContent?.replace('\u202f', ' '), cell.className])).toEqual([
    ['/cart', 'name'],
    ['31', ''],
    ['4.1 s', 'bad'],
    ['–', 'muted'],
    ['0.05', 'good'],
  ]);
});

test('t opens the range, free text is understood, and nonsense is said', async () => {
  await open('', {});
  await press('t');
  const field = document.querySelector<HTMLInputElement>('#range-text')!;
  const type = (value: string) =>
    act(() => {
      field.value = value;
      field.dispatchEvent(new InputEvent('input', { bubbles: true }));
      field.form?.requestSubmit();
    });

  await type('soon');
  await see('from 90 s to 30 days');
  await type('90m');

  expect(query.value.get('period')).toBe('90m');
  expect(document.querySelector('#range-text')).toBeNull();
});

test('the previous period is asked for once, not at every refresh', async () => {
  await open('period=5m', {});
  await see('48.3 k data points');
  await press('r');
  await vi.waitFor(() => expect(asked.filter((address) => address.startsWith('api/dashboard?period'))).toHaveLength(2));

  expect(asked.filter((address) => address.includes('since='))).toHaveLength(1);
});
