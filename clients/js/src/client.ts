// The client: what the page calls, and what it is put together from.
import { attempt, later } from './attempt.ts';
import { debugImages } from './debug-ids.ts';
import { isForeign, startTrace, watchMore } from './extras.ts';
import { attached } from './listen.ts';
import { watchNetwork } from './network.ts';
import { matches, NOISE } from './noise.ts';
import { settingsOf, type Options } from './options.ts';
import { currentAddress, pageOf } from './page.ts';
import { plain } from './plain.ts';
import { repeats } from './repeats.ts';
import { describe, stackOfCaller, type Described, type ErrorReport } from './report.ts';
import { run } from './running.ts';
import { isSampled, sessionId, uuid } from './session.ts';
import { startTransport, type Point, type Transport } from './transport.ts';
import { watchVitals } from './vitals.ts';

export type Labels = Record<string, string | number | boolean>;
/** Whether this is the full build. */
declare const EXTRAS: boolean;
type Members = Record<string, unknown>;

/** Different errors of one page load. */
const MOST_ERRORS = 50;
const MOST_BREADCRUMBS = 20;

/** Its methods need no `this`, so that each can be handed on alone: `promise.catch(monitor.captureError)`. */
export class Monlight {
  readonly captureError: (error: unknown, context?: Members) => void;
  readonly captureMessage: (text: string, level?: string) => void;
  /** Null when nobody is signed in any more. */
  readonly setUser: (id: string | number | null) => void;
  readonly addContext: (key: string, value: unknown) => void;
  readonly setTag: (key: string, value: string) => void;
  readonly addBreadcrumb: (breadcrumb: Members) => void;
  readonly counter: (name: string, value?: number, labels?: Labels) => void;
  readonly histogram: (name: string, value: number, labels?: Labels) => void;
  readonly gauge: (name: string, value: number, labels?: Labels) => void;
  /** Whether all that was captured has arrived; false, too, when it still waits for the relay. */
  readonly flush: () => Promise<boolean>;
  /** Sends what is left and puts back all that was changed on the page. */
  readonly destroy: () => void;

  constructor(options: Options) {
    // On a server there is nothing to watch.
    const settings = typeof document == 'object' ? settingsOf(options) : undefined;
    const { release, environment, sampleRate, errorSampleRate = 1, beforeSend, ignoreErrors, network = true, vitals = true, enabled = true } = settings || ({} as Options);
    const onPage = attached();
    const recent = repeats();
    const context: Members = {};
    const tags: Members = {};
    const breadcrumbs: Members[] = [];
    let session: string;
    // The first touch of the storage may take longer than all else, so it waits for the first report.
    const sessionNow = () => (session ||= sessionId());
    let transport: Transport | undefined;
    let errors = 0;

    const send = (report: ErrorReport) => {
      let sent: ErrorReport | null = report;
      // A copy, so that what fails half-way has changed nothing.
      if (beforeSend) attempt(() => (sent = plain(beforeSend(plain(report)))));
      if (sent) transport?._send('errors', JSON.stringify(sent));
    };

    const capture = (read: () => Described, more?: Members) =>
      void attempt(() => {
        const { _lose } = transport!;
        const described = read();
        const title = described.type + ': ' + described.message;
        const key = title + described.stack;
        if (recent._isKnown(key) || matches(key, NOISE) || matches(title, ignoreErrors)) return;
        if (EXTRAS && isForeign(described.stack, options)) return;
        if (++errors > MOST_ERRORS) return _lose('full');
        if (Math.random() >= errorSampleRate) return;
        const report = (extra?: Members) =>
          plain<ErrorReport>({
            ...described,
            url: location.href,
            user_agent: navigator.userAgent,
            session_id: sessionNow(),
            release,
            environment,
            timestamp: Date.now(),
            event_id: uuid(),
            debug_meta: debugImages(described.stack),
            // What may be long comes last, because the whole is bounded.
            context: { ...context, tags, ...more, ...extra },
            breadcrumbs,
          });
        recent._add(key, (repeated) => send(report({ repeated })));
        send(report());
      });

    const measure = (type: Point['type'], name: string, value: number, labels?: Labels, id?: string) =>
      void attempt(() => {
        if (!Number.isFinite(value)) return;
        const all = { page: pageOf(currentAddress()), release, environment, ...labels };
        transport!._point(plain({ name, type, value, labels: all, timestamp: Date.now(), id }));
      });

    this.captureError = (error, more) => capture(() => describe(error, 'Error', stackOfCaller(this.captureError)), more);
    this.captureMessage = (text, level = 'info') =>
      capture(() => ({ type: 'Message', message: String(text), stack: stackOfCaller(this.captureMessage) }), { level });
    this.addContext = (key, value) => void attempt(() => (context[key] = value));
    this.setUser = (id) => this.addContext('user_id', id);
    this.setTag = (key, value) => void attempt(() => (tags[key] = value));
    this.addBreadcrumb = (breadcrumb) => {
      attempt(() => breadcrumbs.push({ timestamp: Date.now(), ...plain(breadcrumb) }));
      breadcrumbs.splice(0, breadcrumbs.length - MOST_BREADCRUMBS);
    };
    this.counter = (name, value = 1, labels) => measure('counter', name, value, labels);
    this.histogram = (name, value, labels) => measure('histogram', name, value, labels);
    this.gauge = (name, value, labels) => measure('gauge', name, value, labels);
    this.flush = async () => {
      recent._settle();
      return !!transport && transport._flush();
    };
    this.destroy = () => {
      recent._settle();
      onPage._detach();
      transport?._stop();
      transport = undefined;
    };

    if (!settings || !enabled) return;
    transport = startTransport(settings, sessionNow);
    const end = run(settings);
    if (!end) return;
    onPage._add(end);
    onPage._listen(window, 'error', ({ error, message, filename, lineno, colno }: ErrorEvent) => {
      // Images that could not be loaded are told here, too.
      if (message == null) return;
      // Null can be thrown, and the message of a script of another origin is all there is.
      capture(() => describe(error ?? message, 'Error', filename && `    at ${filename}:${lineno}:${colno}`));
    });
    onPage._listen(window, 'unhandledrejection', ({ reason }: PromiseRejectionEvent) => capture(() => describe(reason, 'UnhandledRejection')));
    const crumb = (category: string, message: string) => this.addBreadcrumb({ category, message });
    if (EXTRAS) attempt(() => watchMore(onPage, options, capture, crumb));
    const isMeasured = sampleRate == null || isSampled(sessionNow(), sampleRate);
    let hideVitals: (() => void) | undefined;
    if (isMeasured && vitals) {
      // What has happened by then is told to those who ask for it later, so that a start is short.
      later(() => {
        if (transport) hideVitals = watchVitals(onPage, (name, value, id, address) => measure('histogram', name, value, { page: pageOf(address) }, id));
      });
    }
    if (network) {
      const trace = EXTRAS && options.propagateTraceTo ? startTrace(options.propagateTraceTo) : undefined;
      if (trace) this.addContext('trace_id', trace._id);
      attempt(() =>
        watchNetwork(onPage, (method, host, address, status, durationMs) => {
          const labels = { method, status, host };
          if (isMeasured) {
            this.counter('browser_http_requests_total', 1, labels);
            this.histogram('browser_http_request_duration_ms', durationMs, labels);
          }
          const message = `${method} ${address}: ${status}`;
          if (EXTRAS && options.breadcrumbs !== false) crumb('request', message);
          if (status == 'error' || +status >= 500) capture(() => ({ type: 'NetworkError', message, stack: '' }));
        }, trace),
      );
    }
    const leave = (isLast: boolean) => {
      hideVitals?.();
      recent._settle();
      transport!._leave(isLast);
    };
    onPage._listen(document, 'visibilitychange', () => document.hidden && leave(false));
    onPage._listen(window, 'pagehide', () => leave(true));
  }
}
