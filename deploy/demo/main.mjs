// Gives the stack that deploy/demo.sh has started something to watch: a shop with a page, its logs, and visitors. Ends with the
// signal that ends the stack.

import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

import { bundle } from './bundle.mjs';
import { Container, clear } from './docker-logs.mjs';
import { sendADay } from './metrics.mjs';
import { Monlight } from './monlight.mjs';
import { hasExample, startShop } from './shop.mjs';
import { Visitors } from './visitors.mjs';
import { failOnce, fillThePast, work } from './worker.mjs';

const RELEASE = '1.4.2';
const STEPS_PER_SECOND = 3;

const { FIRST_PORT, KEYS, LOG_SOURCES } = process.env;
const at = (offset) => `http://127.0.0.1:${Number(FIRST_PORT) + offset}`;
const addresses = { tracker: at(0), viewer: at(1), collector: at(2), relay: at(3) };
const shop = at(10);

function readKeys() {
  const values = Object.fromEntries(readFileSync(KEYS, 'utf8').split('\n').map((line) => line.split('=')));
  return {
    tracker: values.ERROR_TRACKER_API_KEY,
    collector: values.METRICS_COLLECTOR_API_KEY,
    relay: values.BROWSER_RELAY_ADMIN_API_KEY,
    dsn: values.DEMO_DSN_KEY,
  };
}

function makePage(dsnKey) {
  const dsn = `http://${dsnKey}@127.0.0.1:${Number(FIRST_PORT) + 3}`;
  const example = `<li><a href="example/?dsn=${encodeURIComponent(dsn)}">The SDK's own example</a>: all that it can do</li>`;
  return readFileSync(new URL('page/index.html', import.meta.url), 'utf8')
    .replace('CONFIG', JSON.stringify({ dsn, release: RELEASE, environment: 'demo' }))
    .replace('EXAMPLE', hasExample() ? example : '')
    .replace('TRACKER', addresses.tracker)
    .replace('COLLECTOR', addresses.collector)
    .replace('VIEWER', addresses.viewer)
    .replace('RELAY', addresses.relay);
}

/** Calls it again and again; a failure is told and does not end it. */
async function keep(doing, pause_ms) {
  let said = '';
  for (;;) {
    await wait(pause_ms);
    try {
      await doing();
      said = '';
    } catch (error) {
      const text = error.cause?.code ?? error.message;
      if (text !== said) console.error(`demo: ${text}`);
      said = text;
    }
  }
}

const keys = readKeys();
clear(LOG_SOURCES);
const logs = {
  web: new Container(LOG_SOURCES, 'shop-web', 'shop/web:1.4.2'),
  proxy: new Container(LOG_SOURCES, 'shop-proxy', 'nginx:1.30'),
  worker: new Container(LOG_SOURCES, 'shop-worker', 'shop/worker:1.4.2'),
  db: new Container(LOG_SOURCES, 'shop-db', 'postgres:18'),
};
fillThePast(logs);

const monlight = new Monlight(addresses, keys);
const { code, map } = bundle(new URL('page/', import.meta.url), ['catalogue.js', 'cart.js']);
await monlight.uploadMap(RELEASE, '~/assets/shop.js', map);
await startShop({ port: Number(FIRST_PORT) + 10, page: makePage(keys.dsn), assets: code, monlight, logs });
const visitors = new Visitors({ shop, relay: addresses.relay, dsnKey: keys.dsn, release: RELEASE, script: code });

console.log(`
  The demo runs: a shop at ${shop}, with buttons that go wrong, visitors who press them, and its logs.
  Open the addresses above and sign in with the keys beside them.
`);
const report = (error) => monlight.report(error).catch((failure) => console.error(`demo: ${failure.message}`));
failOnce(logs, report);
await visitors.failOnce();
keep(() => work(logs, Date.now(), report), 1000);
for (let number = 0; number < STEPS_PER_SECOND; number += 1) keep(() => visitors.step(), 1000);
await sendADay((points) => monlight.sendMetrics(points));
