// Sends a day of a shop's metrics to a running collector: `make demo-metrics`.
//
// Requests with their durations, Web Vitals of its pages, and what a host tells of itself; busy by day and quiet by
// night, with an hour in which the checkout fails. The same for everybody but for the clock.

const address = process.env.METRICS_COLLECTOR_URL ?? 'http://127.0.0.1:5012';
const key = process.env.METRICS_COLLECTOR_API_KEY ?? process.env.API_KEY;
const MINUTE_MS = 60_000;
const MINUTES = 24 * 60;
const BATCH = 1000;

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

let state = 20_260_301;
/** From 0 to 1, the same in each run. */
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
}

/** Few large values and many about the median. */
function spread(median, width) {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return median * Math.exp(width * normal);
}

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
    const count = Math.round(share * 3 * busy(at) * (0.8 + 0.4 * random()));
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

async function send(metrics) {
  const reply = await fetch(`${address}/api/metrics`, {
    method: 'POST',
    headers: { 'X-API-Key': key, 'Content-Type': 'application/json' },
    body: JSON.stringify({ metrics }),
  });
  const answer = await reply.text();
  if (reply.status !== 202) throw new Error(`the collector answered ${reply.status}: ${answer}`);
  return JSON.parse(answer).count;
}

async function main() {
  if (!key) throw new Error('METRICS_COLLECTOR_API_KEY is not set; `make run` prints the key');
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
      sent += await send(waiting.slice(0, BATCH));
      waiting = waiting.slice(BATCH);
    }
  }
  console.log(`sent ${sent} points of the last 24 hours to ${address}`);
}

main().catch((error) => {
  console.error(`demo-metrics: ${error.cause?.code === 'ECONNREFUSED' ? `nothing listens at ${address}; start it with: make run` : error.message}`);
  process.exitCode = 1;
});
