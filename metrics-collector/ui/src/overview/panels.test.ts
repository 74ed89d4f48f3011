import { expect, test } from 'vitest';

import { aDashboard, aRequestMoment, at, aVital, FROM, MINUTE } from '../sample.ts';
import { errorView, gridOfAnswers, latencyView, rateView, vitalsView } from './panels.ts';

const LATER = FROM + 60 * MINUTE;
const requests = (...timeseries: ReturnType<typeof aRequestMoment>[]) => ({ timeseries, endpoints: [] });
const before = aDashboard({ from: at(-5), to: at(0), requests: requests(aRequestMoment(-4, { count: 30, rate: 0.5, errors: 3, p95: 0.2 })) });
const now = aDashboard({
  requests: requests(aRequestMoment(1, { count: 60, rate: 1, errors: 6, error_rate: 0.1 }), aRequestMoment(3, { count: 0, rate: 0, p95: null })),
});
const answers = { now, before, at: LATER };
const grid = gridOfAnswers(answers);

test('the rate is zero between two minutes with requests and averaged over the whole range', () => {
  const [line] = rateView(answers, true, grid).lines;

  expect(line?.values).toEqual([null, 1, 0, 0, null]);
  expect(line?.ghost).toEqual([null, 0.5, null, null, null]);
  expect(line).toMatchObject({ overall: 0.2, overallBefore: 0.1 });
});

test('the error rate of no requests is unknown, and that of all is of all', () => {
  const [line] = errorView(answers, false, grid).lines;

  expect(line?.values).toEqual([null, 0.1, null, null, null]);
  expect(line?.ghost).toBeUndefined();
  expect(line).toMatchObject({ overall: 0.1, overallBefore: 0.1 });
});

test('percentiles are never averaged: the figures are those of the latest minute', () => {
  const view = latencyView(answers, true, grid);

  expect(view.lines.map(({ label }) => label)).toEqual(['p50', 'p95', 'p99']);
  expect(view.lines[1]).toMatchObject({ overall: 0.1, overallBefore: 0.2 });
});

test('vitals share an axis by their limits and are read in their own units', () => {
  const web_vitals = { summary: { lcp: aVital({ p75: 5000 }) }, timeseries: [{ bucket: at(2), lcp: 1250 }], by_page: [] };
  const view = vitalsView({ now: aDashboard({ web_vitals }), before: null, at: LATER }, false, grid);

  expect(view.lines[0]).toMatchObject({ label: 'LCP', values: [null, null, 0.5, null, null], overall: 2 });
  expect(view.lines[0]?.read?.(0.5)).toBe('1.25\u202fs');
  expect(view.limit).toBe(1);
});

test('a panel without data says so', () => {
  const nothing = { now: aDashboard(), before: null, at: LATER };
  const views = [rateView, errorView, latencyView, vitalsView].map((view) => view(nothing, false, grid));
  expect(views.map(({ empty }) => empty)).toEqual([true, true, true, true]);
});
