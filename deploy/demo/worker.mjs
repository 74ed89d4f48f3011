// What runs beside the shop: a worker in Python and a database, played by their logs; the worker's tracebacks are reported, too.

import { pick, random } from './random.mjs';

const JOBS = ['send_invoice', 'resize_image', 'update_stock', 'clean_sessions'];

const FAILURES = [
  {
    type: 'KeyError', message: "'street'", job: 'send_invoice',
    frames: '  File "/srv/worker/jobs.py", line 41, in run\n    job.handler(job.order)\n  File "/srv/worker/invoice.py", line 88, in address_of\n    return order["street"]',
  },
  {
    type: 'TimeoutError', message: 'the mail server did not answer in 10 s', job: 'send_invoice',
    frames: '  File "/srv/worker/jobs.py", line 41, in run\n    job.handler(job.order)\n  File "/srv/worker/mail.py", line 17, in send\n    connection.connect(timeout=10)',
  },
  {
    type: 'ZeroDivisionError', message: 'division by zero', job: 'resize_image',
    frames: '  File "/srv/worker/jobs.py", line 41, in run\n    job.handler(job.order)\n  File "/srv/worker/image.py", line 23, in ratio\n    return width / height',
  },
];

/** One second of the worker's and the database's life at that moment. */
export function work(logs, at, report = () => {}) {
  if (random() < 0.5) logs.worker.write(`INFO jobs: ${pick(JOBS)} done in ${Math.round(20 + random() * 400)} ms`, 'stdout', at);
  if (random() < 0.08) logs.worker.write(`WARNING jobs: queue is ${Math.round(20 + random() * 60)} jobs long`, 'stdout', at);
  if (random() < 0.3) logs.db.write(`LOG:  duration: ${(random() * 30).toFixed(3)} ms  statement: select * from orders where id = ${Math.round(random() * 9000)}`, 'stdout', at);
  if (random() < 0.02) logs.db.write('LOG:  checkpoint complete: wrote 37 buffers (0.2%)', 'stdout', at);
  if (random() < 0.04) fail(pick(FAILURES), logs, at, report);
}

function fail({ type, message, job, frames }, logs, at, report) {
  const traceback = `Traceback (most recent call last):\n${frames}\n${type}: ${message}`;
  logs.worker.write(`ERROR jobs: ${job} failed\n${traceback}`, 'stderr', at);
  report({ exception_type: type, message, traceback, extra: { job } });
}

/** Everything that can go wrong, once, so that nobody has to wait for it. */
export function failOnce(logs, report) {
  for (const failure of FAILURES) fail(failure, logs, Date.now(), report);
}

/** The last hour, so that the log viewer has something to show at once. */
export function fillThePast(logs) {
  const now = Date.now();
  for (let at = now - 3_600_000; at < now; at += 2000) {
    work(logs, at);
    const [id, milliseconds] = [1 + Math.floor(random() * 3), Math.round(10 + random() * 60)];
    logs.proxy.write(`10.0.0.7 - customer-3 "GET /products/${id} HTTP/1.1" 200 34 0.0${milliseconds} "Firefox/152"`, 'stdout', at);
    logs.web.write(JSON.stringify({ level: 'info', msg: 'request done', path: `/products/${id}`, duration_ms: milliseconds }), 'stdout', at);
  }
}
