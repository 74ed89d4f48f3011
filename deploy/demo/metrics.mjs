// A day of the shop's metrics, so that the charts have a past.
//
// Requests with their durations, Web Vitals of its pages, and what a host tells of itself; busy by day and quiet by
// night, with an hour in which the checkout fails. The same for everybody but for the clock.

import { random, spread } from './random.mjs';

const MINUTE_MS = 60_000;
const MINUTES = 24 * 60;
// A larger one would only make the collector larger for a while.
const BATCH = 250;

const ENDPOINTS = [
  { endpoint: '/', method: 'GET', share: 8, median: 0.012 },
  { endpoint: '/products/{id}', method: 'GET', share: 6, median: 0.035 },
  { endpoint: '/search', method: 'GET', share: 3, median: 0.09 },
  { endpoint: '/cart', method: 'POST', share: 2, median: 0.05 },
  { endpoint: '/checkout', method: 'POST', share: 1, median: 0.24 },
];
const PAGES = [
  { page: '/', share: 5, lcp: 1500 },
  { page: '/products/{id}', share: 4, lcp: 2100 },
  { page: '/checkout', share: 1, lcp: 3300 },
];

function round(value, digits) {
  return Number(value.toFixed(digits));
}

/** How busy it is, from 0 to 1: least at four in the morning. */
function busy(at) {
  const hour = (at / 3_600_000) % 24;
  return 0.55 - 0.45 * Math.cos(((hour - 4) / 24) * 2 * Math.PI);
}

function* requests(at, isFailing) {
  for (const { endpoint, method, share, median } of ENDPOINTS) {
    const count = Math.round(share * 6 * busy(at) * (0.8 + 0.4 * random()));
    let failed = 0;
    for (let number = 0; number < count; number += 1) {
      const fails = random() < (isFailing && endpoint === '/checkout' ? 0.35 : 0.002);
      failed += Number(fails);
      const slow = isFailing && endpoint === '/checkout' ? 6 : 1;
      const labels = { endpoint, method, status: fails ? '503' : '200' };
      const value = round(spread(median * slow, 0.5), 6);
      yield { name: 'http_request_duration_seconds', type: 'histogram', value, labels };
    }
    for (const [status, value] of [['200', count - failed], ['503', failed]]) {
      if (value > 0) yield { name: 'http_requests_total', type: 'counter', value, labels: { endpoint, method, status } };
    }
  }
}

function* vitals(at) {
  for (const { page, share, lcp } of PAGES) {
    const count = Math.round(share * busy(at) * random());
    for (let number = 0; number < count; number += 1) {
      const labels = { page, source: 'browser' };
      const vital = (name, value, digits) => ({ name: `web_vitals_${name}`, type: 'histogram', value: round(value, digits), labels });
      yield vital('lcp', spread(lcp, 0.4), 0);
      yield vital('fcp', spread(lcp * 0.6, 0.35), 0);
      yield vital('ttfb', spread(320, 0.6), 0);
      yield vital('inp', spread(110, 0.7), 0);
      yield vital('cls', random() < 0.4 ? 0 : spread(0.05, 0.8), 4);
    }
  }
}

function* host(at) {
  yield { name: 'process_resident_memory_bytes', type: 'gauge', value: Math.round(1.4e8 + 4e7 * busy(at) + 5e6 * random()), labels: { host: 'web-1' } };
  yield { name: 'queue_depth', type: 'gauge', value: Math.round(40 * busy(at) * random()), labels: { queue: 'mail' } };
}

/** Hands the points to `send`, a batch at a time, and tells how many there were. */
export async function sendADay(send) {
  const now = Date.now();
  const first = Math.floor(now / MINUTE_MS) - MINUTES;
  let waiting = [];
  let sent = 0;
  for (let minute = 0; minute <= MINUTES; minute += 1) {
    const at = (first + minute) * MINUTE_MS;
    const isFailing = minute > MINUTES - 5 * 60 && minute <= MINUTES - 4 * 60;
    for (const point of [...requests(at, isFailing), ...vitals(at), ...host(at)]) {
      const time = Math.min(at + Math.floor(random() * MINUTE_MS), now);
      waiting.push({ project: 'shop', timestamp: new Date(time).toISOString(), ...point });
    }
    while (waiting.length >= BATCH || (minute === MINUTES && waiting.length > 0)) {
      const batch = waiting.slice(0, BATCH);
      await send(batch);
      sent += batch.length;
      waiting = waiting.slice(BATCH);
    }
  }
  return sent;
}
