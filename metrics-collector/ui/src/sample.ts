// Made-up answers for tests.
import type { Bucket, Dashboard, MetricAnswer, RequestMoment, Vital } from './wire.ts';

export const FROM = Date.parse('2026-03-07T14:00:00Z');
export const MINUTE = 60_000;

export const at = (minute: number): string => new Date(FROM + minute * MINUTE).toISOString();

export function aBucket(minute: number, more: Partial<Bucket> = {}): Bucket {
  return { bucket: at(minute), count: 1, sum: 1, min: 1, max: 1, avg: 1, last: null, p50: null, p95: null, p99: null, exact: true, ...more };
}

export function anAnswer(more: Partial<MetricAnswer> = {}): MetricAnswer {
  return { name: 'orders_total', type: 'counter', resolution: 'minute', period: '5m', from: at(0), to: at(5), data: [], ...more };
}

export function aRequestMoment(minute: number, more: Partial<RequestMoment> = {}): RequestMoment {
  return { bucket: at(minute), count: 60, rate: 1, errors: 0, error_rate: 0, p50: 0.02, p95: 0.1, p99: 0.4, ...more };
}

export function aVital(more: Partial<Vital> = {}): Vital {
  return { p75: 2000, avg: 1800, count: 400, rating: 'good', good: 0.8, needs_improvement: 0.15, poor: 0.05, ...more };
}

export function aDashboard(more: Partial<Dashboard> = {}): Dashboard {
  return {
    period: '5m',
    from: at(0),
    to: at(5),
    resolution: 'minute',
    summary: { total_datapoints: 48_312, distinct_metrics: 23 },
    cardinality: { series: 1204, limit: 10_000, overflowing: false },
    top_metrics: [],
    requests: { timeseries: [], endpoints: [] },
    web_vitals: { summary: {}, timeseries: [], by_page: [] },
    ...more,
  };
}
