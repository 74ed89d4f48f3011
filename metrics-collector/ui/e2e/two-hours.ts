// Two hours of a small shop: the second busier than the first, with a bad quarter in the middle of it.
import type { Point } from './service.ts';

export const HOSTILE = '<img src=x onerror="document.title=\'owned\'">';
export const TENANTS = 60;
const MINUTE_MS = 60_000;
const MINUTES = 120;

const ENDPOINTS = [
  { endpoint: '/api/products', method: 'GET', perMinute: 300, seconds: 0.02 },
  { endpoint: '/api/products/{id}', method: 'GET', perMinute: 180, seconds: 0.03 },
  { endpoint: '/cart', method: 'GET', perMinute: 90, seconds: 0.05 },
  { endpoint: '/checkout', method: 'POST', perMinute: 12, seconds: 0.4 },
  { endpoint: '/api/reports/monthly/by-country-and-by-product-category/export', method: 'GET', perMinute: 1, seconds: 2.4 },
];
const PAGES = [
  { page: '/', slow: 1 },
  { page: '/products/{id}', slow: 1.2 },
  { page: '/checkout', slow: 1.9 },
];
const VITALS = { lcp: 1700, inp: 110, cls: 0.05, fcp: 1100, ttfb: 420 };

export function twoHours(now: number): Point[] {
  const points: Point[] = [];
  for (let minute = MINUTES; minute >= 1; minute--) points.push(...aMinute(minute, new Date(now - minute * MINUTE_MS).toISOString()));
  points.push({ name: 'notes_total', type: 'counter', value: 1, labels: { note: HOSTILE }, project: 'blog' });
  return points;
}

function aMinute(ago: number, timestamp: string): Point[] {
  const points: Point[] = [];
  const add = (name: string, type: Point['type'], value: number, labels: Record<string, string>, project = 'shop') =>
    points.push({ name, type, value, labels, timestamp, project });
  const wave = (step: number) => 1 + 0.25 * Math.sin(ago * 1.7 + step) + 0.1 * Math.sin(ago * 0.37 * step);
  const busy = ago > 60 ? 0.6 : 1;
  const bad = ago > 20 && ago <= 35;

  ENDPOINTS.forEach(({ endpoint, method, perMinute, seconds }, at) => {
    const requests = Math.max(1, Math.round(perMinute * busy * wave(at)));
    const failed = bad && endpoint === '/checkout' ? Math.ceil(requests / 3) : 0;
    if (requests > failed) add('http_requests_total', 'counter', requests - failed, { endpoint, method, status: '200' });
    if (failed > 0) add('http_requests_total', 'counter', failed, { endpoint, method, status: '503' });
    const timed = Math.min(4, requests);
    for (let one = 0; one < timed; one++) {
      add('http_request_duration_seconds', 'histogram', seconds * wave(one + at) * (one === 3 ? 1.8 : 1) * (bad ? 2 : 1), { endpoint, method, status: '200' });
    }
  });
  for (const { page, slow } of PAGES.slice(0, ago % 3 === 0 ? 3 : 1 + (ago % 2))) {
    for (const [name, value] of Object.entries(VITALS)) {
      add(`web_vitals_${name}`, 'histogram', value * slow * wave(name.length + slow), { page, source: 'browser' });
    }
  }
  if (ago % 20 === 0) add('web_vitals_fid', 'histogram', 60 * wave(1), { page: '/', source: 'browser' });
  for (let web = 1; web <= 3; web++) add('process_resident_memory_bytes', 'gauge', (200 + 10 * web + 20 * Math.sin(ago / 25 + web)) * 1e6, { instance: `web-${web}` });
  if (ago <= 10) for (let tenant = 0; tenant < TENANTS; tenant++) add('queue_depth', 'gauge', Math.round(tenant * wave(2)), { queue: `tenant-${tenant}` }, 'blog');
  return points;
}
