// Who is who: ids, and the session of a tab.
import { attempt } from './attempt.ts';

const STORED = 'monlight-session';

/** Not a secret, so chance is enough; `crypto.randomUUID` is missing on pages without TLS. */
export function uuid(): string {
  return '10000000-1000-4000-8000-100000000000'.replace(/[018]/g, (digit) =>
    (+digit ^ ((Math.random() * 16) >> (+digit / 4))).toString(16),
  );
}

/** The session's id: of the tab, or of the page where storage is denied. */
export function sessionId(): string {
  const id: string = attempt(() => sessionStorage[STORED]) || uuid();
  attempt(() => (sessionStorage[STORED] = id));
  return id;
}

/** Whether the session is in the sample: the same answer on each of its pages. */
export function isSampled(id: string, rate: number): boolean {
  return parseInt(id, 16) < rate * 2 ** 32;
}
