// Visitors of the shop. Their requests are real; their browsers are played: the page's own script runs here, and what it throws goes
// to the relay in the form of the SDK, as do the Web Vitals.

import vm from 'node:vm';

import { pick, pickByShare, random, spread } from './random.mjs';

const AGENTS = [
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Safari/537.36',
];
const SOLD_OUT = 77;
const STEPS = [
  { path: () => `/products/${1 + Math.floor(random() * 3)}`, method: 'GET', share: 6 },
  { path: () => `/products/${random() < 0.1 ? SOLD_OUT : 2}`, method: 'GET', share: 2 },
  { path: () => `/search?q=${pick(['green', 'black', 'white'])}`, method: 'GET', share: 3 },
  { path: () => '/cart', method: 'POST', share: 2 },
  { path: () => '/checkout', method: 'POST', share: 1 },
];
const PAGES = [{ page: '/', lcp: 1500, share: 5 }, { page: '/products/2', lcp: 2100, share: 4 }, { page: '/checkout', lcp: 3300, share: 1 }];
const MISTAKES = [
  { call: 'addToCart(99, 1)', share: 4 },
  { call: "applyVoucher('{discount: 0.1}')", share: 2 },
  { call: "openCheckout({ elements: { namedItem: () => null } })", share: 3 },
];

export class Visitors {
  #shop;
  #relay;
  #dsnKey;
  #release;
  #script;

  constructor({ shop, relay, dsnKey, release, script }) {
    this.#shop = shop;
    this.#relay = relay;
    this.#dsnKey = dsnKey;
    this.#release = release;
    this.#script = new vm.Script(script, { filename: `${shop}/assets/shop.js` });
  }

  /** Everything that can go wrong, once, so that nobody has to wait for it. */
  async failOnce() {
    await (await fetch(`${this.#shop}/products/${SOLD_OUT}`)).arrayBuffer();
    for (const mistake of MISTAKES) await this.#makeMistake(mistake, crypto.randomUUID(), 'customer-1');
  }

  /** One step of one visitor. */
  async step() {
    const session = crypto.randomUUID();
    const user = `customer-${Math.floor(random() * 40)}`;
    const { path, method } = pickByShare(STEPS);
    await (await fetch(`${this.#shop}${path()}`, { method, headers: { 'X-Demo-User': user } })).arrayBuffer();
    if (random() < 0.5) await this.#sendVitals(session);
    if (random() < 0.08) await this.#makeMistake(pickByShare(MISTAKES), session, user);
  }

  async #sendVitals(session_id) {
    const { page, lcp } = pickByShare(PAGES);
    const vital = (name, value, digits = 0) => ({ name: `web_vitals_${name}`, type: 'histogram', value: Number(value.toFixed(digits)) });
    await this.#send('metrics', {
      session_id,
      url: `${this.#shop}${page}`,
      metrics: [
        vital('lcp', spread(lcp, 0.4)), vital('fcp', spread(lcp * 0.6, 0.35)), vital('ttfb', spread(320, 0.6)),
        vital('inp', spread(110, 0.7)), vital('cls', random() < 0.4 ? 0 : spread(0.05, 0.8), 4),
      ],
    });
  }

  async #makeMistake({ call }, session_id, user_id) {
    const page = vm.createContext({ JSON });
    let error;
    try {
      this.#script.runInContext(page);
      vm.runInContext(call, page, { filename: `${this.#shop}/` });
    } catch (thrown) {
      error = thrown;
    }
    // What stands below are the frames of this program; a browser would not have them.
    const stack = error.stack.split('\n').filter((line) => !line.startsWith('    at ') || line.includes(this.#shop)).join('\n');
    await this.#send('errors', {
      type: error.name, message: error.message, stack: stack.slice(Math.max(0, stack.indexOf(`${error.name}:`))),
      url: `${this.#shop}/`, user_agent: pick(AGENTS), session_id, release: this.#release, environment: 'demo',
      event_id: crypto.randomUUID(), context: { user_id },
      breadcrumbs: [{ timestamp: new Date().toISOString(), type: 'click', message: call.slice(0, call.indexOf('(')) }],
    });
  }

  async #send(kind, body) {
    const reply = await fetch(`${this.#relay}/api/browser/${kind}`, {
      method: 'POST',
      // As the SDK sends it: no preflight is needed for it.
      headers: { 'Content-Type': 'text/plain', 'X-Monlight-Key': this.#dsnKey, Origin: this.#shop },
      body: JSON.stringify(body),
    });
    await reply.arrayBuffer();
    if (!reply.ok && reply.status !== 429) throw new Error(`the relay answered ${reply.status} to ${kind}`);
  }
}
