// The list's filters, between the address bar and the service.
//
// The names in the address are the service's own, so a link can be read and written by hand:
// `./?project=shop&resolved=all&sort=count`.
import type { ListQuery } from '../errors-api.ts';
import type { Changes } from '@monlight/ui/router.ts';

export type Status = 'open' | 'resolved' | 'ignored' | 'all';

export const STATUSES: Status[] = ['open', 'resolved', 'ignored', 'all'];
export const SORTS = [
  ['', 'Last seen'],
  ['first_seen', 'First seen'],
  ['count', 'Most reports'],
  ['trend', 'Rising'],
] as const;
export const RANGES = [
  ['', 'Any time'],
  ['1h', 'Last hour'],
  ['24h', 'Last 24 h'],
  ['7d', 'Last 7 days'],
  ['30d', 'Last 30 days'],
] as const;

/** Filters that narrow the list beyond its status. */
const NARROWING = ['project', 'environment', 'release', 'source', 'session_id', 'search', 'since', 'until'] as const;
const PASSED_ON = [...NARROWING, 'resolved', 'ignored', 'sort'] as const;
const UNIT_MS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

export function statusOf(params: URLSearchParams): Status {
  if (params.get('ignored') === 'true') return 'ignored';
  if (params.get('resolved') === 'all') return 'all';
  return params.get('resolved') === 'true' ? 'resolved' : 'open';
}

export function statusChanges(status: Status): Changes {
  switch (status) {
    case 'open':
      return { resolved: null, ignored: null };
    case 'resolved':
      return { resolved: 'true', ignored: null };
    case 'ignored':
      return { resolved: 'all', ignored: 'true' };
    case 'all':
      return { resolved: 'all', ignored: 'all' };
  }
}

/** What to ask the service for. `since` and `until` may be an age such as `24h`. */
export function asListQuery(params: URLSearchParams, now: number): ListQuery {
  const asked: ListQuery = {};
  for (const name of PASSED_ON) asked[name] = params.get(name);
  asked['since'] = asTime(params.get('since'), now);
  asked['until'] = asTime(params.get('until'), now);
  return asked;
}

/** True when the list shows less than a whole status. */
export function isNarrowed(params: URLSearchParams): boolean {
  return NARROWING.some((name) => params.has(name));
}

/** The filters in words, for saying what hides the rest. */
export function narrowingInWords(params: URLSearchParams): string[] {
  return NARROWING.filter((name) => params.has(name)).map((name) => `${LABELS[name]} ${params.get(name)}`);
}

export function withoutNarrowing(): Changes {
  return Object.fromEntries(NARROWING.map((name) => [name, null]));
}

/** The part of an address that is the list's: what to go back to from one error. */
export function listPart(params: URLSearchParams): Changes {
  return Object.fromEntries(PASSED_ON.map((name) => [name, params.get(name)]));
}

const LABELS: Record<(typeof NARROWING)[number], string> = {
  project: 'project',
  environment: 'environment',
  release: 'release',
  source: 'source',
  session_id: 'session',
  search: 'text',
  since: 'since',
  until: 'until',
};

function asTime(text: string | null, now: number): string | null {
  const age = /^(\d{1,4})([mhd])$/.exec(text ?? '');
  if (!age) return text;
  return new Date(now - Number(age[1]) * (UNIT_MS[age[2] ?? ''] ?? 0)).toISOString();
}
