// Starts a client for the DSN in the page's address, and does what the buttons say.
const query = new URLSearchParams(location.search);
const dsn = query.get('dsn');
let client;

/** The script beside the page, or where the build of this package puts it. */
async function loadScript() {
  for (const src of ['./monlight.full.min.js', '../dist/monlight.full.min.js']) {
    const isLoaded = await new Promise((resolve) => {
      const script = Object.assign(document.createElement('script'), { src, onload: () => resolve(true), onerror: () => resolve(false) });
      document.head.append(script);
    });
    if (isLoaded && 'Monlight' in window) return;
  }
  throw new Error('there is no monlight.full.min.js beside this page or in ../dist/; npm run build makes it');
}

function log(text) {
  const line = document.createElement('li');
  const time = document.createElement('time');
  time.textContent = new Date().toLocaleTimeString();
  line.append(time, text);
  document.querySelector('#log').prepend(line);
}

function spendTea(amount) {
  if (amount > 3) throw new RangeError(`only 3 boxes of tea are left, not ${amount}`);
}

const actions = {
  throw() {
    log('throwing a TypeError');
    null.price;
  },
  reject() {
    log('rejecting a promise');
    void Promise.reject(new Error('the payment was refused'));
  },
  capture() {
    try {
      spendTea(7);
    } catch (cause) {
      client.captureError(new Error('the order failed', { cause }), { step: 'payment', boxes: 7 });
      log('captured an error with its cause');
    }
  },
  repeat() {
    for (let time = 0; time < 100; time++) setTimeout(spendTea, 0, 100);
    log('throwing the same error a hundred times');
  },
  async fetch() {
    const { status } = await fetch(location.pathname);
    log(`the answer was ${status}`);
  },
  async fail() {
    // Nobody answers at this name.
    await fetch('https://nobody.invalid/orders/4711').catch((error) => log(`the request failed: ${error.message}`));
  },
  image() {
    const image = document.createElement('img');
    image.hidden = true;
    image.onerror = () => {
      image.remove();
      log('there is no such image');
    };
    image.src = 'no-such-image.png';
    // Only elements of the page tell the page that they failed.
    document.body.append(image);
  },
  slow() {
    const end = performance.now() + 300;
    while (performance.now() < end);
    log('took 300 ms for a click');
  },
  shift() {
    // The browser does not count what happens right after a click.
    setTimeout(() => {
      const banner = document.createElement('p');
      banner.textContent = 'An advertisement that nobody has left room for.';
      banner.style.height = '8rem';
      document.querySelector('main').prepend(banner);
      log('shifted the page');
    }, 600);
  },
  order() {
    const value = Math.round(500 + Math.random() * 4500) / 100;
    client.counter('orders_total', 1, { kind: 'tea' });
    client.histogram('order_value', value);
    log(`ordered tea for ${value}`);
  },
  route() {
    const number = Math.ceil(Math.random() * 9999);
    const address = new URL(location.href);
    address.hash = `#/orders/${number}`;
    history.pushState({}, '', address);
    log(`the route is #/orders/${number} now, its page #/orders/{id}`);
  },
  async flush() {
    log((await client.flush()) ? 'all has arrived' : 'not all has arrived');
  },
};

addEventListener('DOMContentLoaded', async () => {
  const state = document.querySelector('#state');
  const buttons = document.querySelectorAll('[data-do]');
  for (const button of buttons) {
    button.disabled = true;
    button.addEventListener('click', () => actions[button.dataset.do]());
  }
  document.querySelector('#connect').hidden = Boolean(dsn);
  if (!dsn) {
    state.textContent = 'This page needs a DSN; the relay’s page of keys has one to copy.';
    return;
  }
  try {
    await loadScript();
  } catch (error) {
    state.textContent = error.message;
    return;
  }
  client = Monlight.init({ dsn, release: query.get('release') || 'example', environment: 'demo', debug: true });
  if (await client.flush()) {
    for (const button of buttons) button.disabled = false;
    state.textContent = `Connected to ${new URL(dsn).host}.`;
  } else {
    state.textContent = 'This is no DSN: it looks like https://KEY@host/browser-relay, with a key of 32 digits.';
    document.querySelector('#connect').hidden = false;
  }
});
