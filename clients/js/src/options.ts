// What a page says when it sets the client up, and what the client makes of it.
import type { ErrorReport } from './report.ts';

export type Pattern = string | RegExp;

export interface Options {
  /** `https://KEY@host/prefix`, or the bare key beside `endpoint`. */
  dsn: string;
  /** The relay's address, when it is not that of the DSN. */
  endpoint?: string;
  release?: string;
  environment?: string;
  /** Share of the sessions that send vitals and network metrics; 1 is all. */
  sampleRate?: number;
  /** Share of the errors that are sent; 1 is all. */
  errorSampleRate?: number;
  /** Changes an error before it is sent, or drops it by `null`. */
  beforeSend?: (report: ErrorReport) => ErrorReport | null;
  /** Errors with one of these in their `Type: message` are not sent. Beside a list of well-known noise. */
  ignoreErrors?: Pattern[];
  /** Whether `fetch` and `XMLHttpRequest` are measured. */
  network?: boolean;
  vitals?: boolean;
  /** Full build: clicks, changes of the route and requests are told with an error. */
  breadcrumbs?: boolean;
  /** Full build: `console.error` and `console.warn` are told as errors. */
  captureConsole?: boolean;
  /** Full build: only errors of scripts whose address has one of these. */
  allowUrls?: Pattern[];
  /** Full build: no errors of scripts whose address has one of these. */
  denyUrls?: Pattern[];
  /** Full build: origins whose requests get a W3C `traceparent`. */
  propagateTraceTo?: Pattern[];
  enabled?: boolean;
  /** Says in the console what is dropped, and why. */
  debug?: boolean;
}

export interface Settings extends Options {
  _key: string;
  /** The relay's address, without a slash at its end. */
  _base: string;
}

let hasWarned = false;

/** What the options come to; nothing, and one warning on the page, when no report could arrive. */
export function settingsOf(options: Options): Settings | undefined {
  try {
    const { dsn, endpoint } = options;
    const isBare = /^\w+$/.test(dsn);
    const url = new URL(endpoint || dsn, endpoint && location.href);
    const key = isBare ? dsn : new URL(dsn).username;
    if (/^http/.test(url.protocol) && /^[\da-f]{32}$/i.test(key)) {
      return { ...options, _key: key, _base: (url.origin + url.pathname).replace(/\/+$/, '') };
    }
  } catch {
    // Not a URL, or no options at all.
  }
  if (!hasWarned) console.warn('monlight: bad DSN');
  hasWarned = true;
  return;
}
