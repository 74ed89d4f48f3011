// Brings reports and points to the relay: one request at a time, again when it fails, by beacon when the page goes.
import { attempt } from './attempt.ts';
import type { Settings } from './options.ts';

export interface Point {
  name: string;
  type: 'counter' | 'gauge' | 'histogram';
  value: number;
  labels: Record<string, unknown>;
  /** Milliseconds since the epoch. */
  timestamp: number;
  /** A later value with the same id takes the place of this one. */
  id?: string | undefined;
}

interface Item {
  _path: string;
  _body: string;
}

export interface Transport {
  _send(path: string, body: string): void;
  _point(point: Point): void;
  /** Whether all that was captured has arrived. False, too, when it has to wait. */
  _flush(): Promise<boolean>;
  /** The page may be gone at the end of this call, and is when it is the last. */
  _leave(isLast: boolean): void;
  _stop(): void;
  _lose(why: string): void;
}

const EVERY_MS = 5000;
const BATCH_POINTS = 10;
/** While the relay is away. */
const MOST_POINTS = 200;
const MOST_ITEMS = 50;
/** Three bytes each at most, so that a request stays under the 64 KB of keepalive: a longer one would never pass. */
const KEPT_CHARS = 20_000;
const BATCH_CHARS = 10_000;
const TIMEOUT_MS = 30_000;
const MOST_WAIT_SECONDS = 60;
/** A relay may ask for more patience than we have of ourselves. */
const MOST_ASKED_SECONDS = 600;

export function startTransport(settings: Settings, session: () => string): Transport {
  const queue: Item[] = [];
  /** By what tells them apart: a counter that is there already grows, a value with an id is replaced. */
  const points = new Map<string | number, Point>();
  const waiting: ((hasArrived: boolean) => void)[] = [];
  /** The page's, from before it was wrapped. */
  const request = window.fetch;
  let timer: ReturnType<typeof setTimeout> | 0 = 0;
  let isBusy = false;
  let isDue = false;
  let failures = 0;
  let isResting = false;
  let isOver = false;
  let lost = 0;

  const lose = (why: string) => {
    lost++;
    if (settings.debug) console.debug('monlight: ' + why);
  };
  const addressOf = ({ _path }: Item) => `${settings._base}/api/browser/${_path}?key=${settings._key}`;
  const answer = (hasArrived: boolean) => {
    if (waiting.length) lost = 0;
    waiting.splice(0).forEach((tell) => tell(hasArrived));
  };
  const due = () => {
    timer = 0;
    isDue = true;
    pump();
  };

  /** Puts the points into the queue. */
  const batch = () => {
    const left = [...points.values()];
    points.clear();
    isDue = false;
    while (left.length) {
      let metrics = '';
      while (left.length && metrics.length < BATCH_CHARS) metrics += (metrics && ',') + JSON.stringify(left.shift());
      queue.push({ _path: 'metrics', _body: `{"metrics":[${metrics}],"session_id":"${session()}"}` });
    }
  };

  const pump = async () => {
    if (isBusy || isOver) return;
    if (isResting) return answer(false);
    if (!queue.length && (isDue || points.size >= BATCH_POINTS)) batch();
    const item = queue[0];
    if (!item) return answer(!lost);
    isBusy = true;
    let reply: Response | undefined;
    try {
      reply = await request.call(window, addressOf(item), {
        // A text needs no preflight, and without credentials the reply of any relay can be read.
        method: 'POST',
        body: item._body,
        credentials: 'omit',
        // What is in flight for all scripts of the page shares the 64 KB, so a second attempt does without.
        keepalive: !failures && item._body.length < KEPT_CHARS,
        signal: AbortSignal.timeout?.(TIMEOUT_MS),
      });
      // A reply that nobody reads stays in flight.
      await reply!.text();
    } catch {
      // Nobody has answered.
    }
    isBusy = false;
    const status = reply?.status;
    if (!status || status == 408 || status == 429 || status >= 500) {
      const asked = +reply?.headers.get('Retry-After')!;
      const own = (Math.min(2 ** failures++, MOST_WAIT_SECONDS) * (1 + Math.random())) / 2;
      isResting = true;
      setTimeout(
        () => {
          isResting = false;
          pump();
        },
        1000 * Math.min(asked || own, MOST_ASKED_SECONDS),
      );
    } else {
      failures = 0;
      queue.shift();
      if (status >= 400) lose('status ' + status);
    }
    pump();
  };

  const leave = (isLast: boolean) => {
    // A beacon tells nobody that it was lost, so a relay that is away gets one only when there is no later.
    if (failures && !isLast) return;
    batch();
    // The first item may be on its way, by a request that outlives the page.
    for (const item of queue.splice(+isBusy)) {
      if (!attempt(() => navigator.sendBeacon(addressOf(item), item._body))) queue.push(item);
    }
    pump();
  };

  return {
    _send(path, body) {
      if (queue.length < MOST_ITEMS) queue.push({ _path: path, _body: body });
      else lose('full');
      pump();
    },
    _point(point) {
      const key = point.id || (point.type == 'counter' ? point.name + JSON.stringify(point.labels) : points.size);
      const known = points.get(key);
      if (known && !point.id) known.value += point.value;
      else if (known || points.size < MOST_POINTS) points.set(key, point);
      else lose('full');
      timer ||= setTimeout(due, EVERY_MS);
      if (points.size >= BATCH_POINTS) pump();
    },
    _flush: () =>
      new Promise((tell) => {
        waiting.push(tell);
        due();
      }),
    _leave: leave,
    _stop() {
      leave(true);
      isOver = true;
      answer(false);
    },
    _lose: lose,
  };
}
