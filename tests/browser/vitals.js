// What a page measures of itself, and what it sends while it goes away: in each way that browsers know.
const settings = new URLSearchParams(location.search);
const metricsAddress = `${settings.get('relay')}/api/browser/metrics`;
const body = (name, type, value) => JSON.stringify({ metrics: [{ name, type, value }], session_id: 'throw-page', url: location.href });

/** With a header of its own, for which the browser asks first. */
function post(name, type, value) {
  const headers = { 'Content-Type': 'application/json', 'X-Monlight-Key': settings.get('key') };
  return fetch(metricsAddress, { method: 'POST', keepalive: true, headers, body: body(name, type, value) });
}

function show(text) {
  const line = document.createElement('li');
  line.textContent = text;
  document.querySelector('#answers').append(line);
}

let isMeasured = false;
new PerformanceObserver((entries) => {
  const largest = entries.getEntries().at(-1);
  if (isMeasured || largest === undefined) return;
  isMeasured = true;
  void post('web_vitals_lcp', 'histogram', largest.startTime).then(
    (reply) => show(`vitals: ${reply.status}`),
    () => show('vitals: refused by the browser'),
  );
}).observe({ type: 'largest-contentful-paint', buffered: true });

addEventListener('pagehide', () => {
  void post('kept_alive', 'counter', 1).catch(() => {});
  // With its type the browser asks first, and it sends cookies, so the answer must allow both.
  const json = new Blob([body('left_with_json', 'counter', 1)], { type: 'application/json' });
  navigator.sendBeacon(`${metricsAddress}?key=${settings.get('key')}`, json);
});
