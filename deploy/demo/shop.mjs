// A small web shop: what it does goes wrong now and then, and it tells Monlight of it. Its page has buttons that go wrong too.

import { createServer } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

import { pick, random, spread } from './random.mjs';

const here = new URL('./', import.meta.url);
const SDK = new URL('../../clients/js/dist/monlight.full.min.js', here);
const EXAMPLE = new URL('../../clients/js/examples/', here);
const STOCK = new Map([[1, 'Oolong'], [2, 'Sencha'], [3, 'Darjeeling']]);

class PaymentRefused extends Error {
  name = 'PaymentRefused';
}

function findProduct(id) {
  const name = STOCK.get(id);
  return { name, letter: name[0].toUpperCase() };
}

function chargeCard(amount) {
  if (random() < 0.25) throw new PaymentRefused(`the bank refused ${amount.toFixed(2)} EUR`);
}

const ROUTES = [
  { path: '/products/{id}', method: 'GET', pattern: /^\/products\/(\d+)$/, median: 25, act: ([, id]) => findProduct(Number(id)) },
  { path: '/search', method: 'GET', pattern: /^\/search$/, median: 70, act: () => [...STOCK.values()] },
  { path: '/cart', method: 'POST', pattern: /^\/cart$/, median: 40, act: () => ({ items: 1 + Math.floor(random() * 4) }) },
  { path: '/checkout', method: 'POST', pattern: /^\/checkout$/, median: 180, act: () => chargeCard(spread(30, 0.5)) },
];

/** Files of the page: those of this folder, made at start, and the SDK with its own example. */
function files(page, assets) {
  const html = (body) => ({ type: 'text/html; charset=utf-8', body });
  const script = (body) => ({ type: 'text/javascript', body });
  const served = new Map([
    ['/', html(page)],
    ['/monlight.full.min.js', script(readFileSync(SDK))],
    ['/assets/shop.js', script(assets)],
    ['/assets/buttons.js', script(readFileSync(new URL('page/buttons.js', here)))],
  ]);
  if (hasExample()) {
    served.set('/example/', html(readFileSync(new URL('index.html', EXAMPLE))));
    served.set('/example/example.js', script(readFileSync(new URL('example.js', EXAMPLE))));
    served.set('/example/example.css', { type: 'text/css', body: readFileSync(new URL('example.css', EXAMPLE)) });
    served.set('/example/monlight.full.min.js', script(readFileSync(SDK)));
  }
  return served;
}

/** Whether the SDK is here with a page of its own, to try all that it can do. */
export function hasExample() {
  return existsSync(new URL('index.html', EXAMPLE));
}

/** Starts the shop. `logs` are its containers: `web` for the program, `proxy` for what stands before it. */
export function startShop({ port, page, assets, monlight, logs }) {
  const served = files(page, assets);

  const server = createServer(async (request, response) => {
    const started = performance.now();
    const { pathname } = new URL(request.url, 'http://shop');
    const file = served.get(pathname);
    const route = ROUTES.find(({ method, pattern }) => method === request.method && pattern.test(pathname));
    const user = request.headers['x-demo-user'] ?? 'you';
    const trace = crypto.randomUUID().replaceAll('-', '');
    let status = 200;
    let body = file?.body;
    if (route) {
      await wait(spread(route.median, 0.4));
      try {
        body = JSON.stringify(route.act(route.pattern.exec(pathname)) ?? { ok: true });
      } catch (error) {
        status = error instanceof PaymentRefused ? 402 : 500;
        body = JSON.stringify({ error: 'sorry' });
        logs.web.write(JSON.stringify({ level: 'error', msg: error.message, error: error.name, path: pathname, user, trace }), 'stderr');
        const report = {
          exception_type: error.name, message: error.message, traceback: error.stack.replaceAll(here.href, '/srv/shop/'), user_id: user, trace_id: trace,
          request_url: `http://127.0.0.1:${port}${request.url}`, request_method: request.method,
          request_headers: { 'user-agent': request.headers['user-agent'] ?? '' }, extra: { route: route.path },
        };
        monlight.report(report).catch((failure) => console.error(`demo: ${failure.message}`));
      }
    } else if (!file) {
      status = 404;
      body = 'no such page';
    }
    response.writeHead(status, { 'Content-Type': file?.type ?? 'application/json', 'Cache-Control': 'no-store' }).end(body);

    const duration_ms = performance.now() - started;
    const labels = { endpoint: route?.path ?? (file ? pathname : 'other'), method: request.method, status: String(status) };
    monlight.measure('http_requests_total', 'counter', 1, labels);
    monlight.measure('http_request_duration_seconds', 'histogram', duration_ms / 1000, labels);
    const address = `10.0.${Math.floor(random() * 4)}.${1 + Math.floor(random() * 250)}`;
    logs.proxy.write(`${address} - ${user} "${request.method} ${request.url} HTTP/1.1" ${status} ${String(body).length} ${(duration_ms / 1000).toFixed(3)} "${pick(['Firefox/152', 'Chrome/150', 'Safari/26'])}"`);
    if (status === 200 && route) {
      logs.web.write(JSON.stringify({ level: duration_ms > 250 ? 'warn' : 'info', msg: duration_ms > 250 ? 'slow request' : 'request done', path: pathname, duration_ms: Math.round(duration_ms), user, trace }));
    }
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}
