// The filters, between the address bar and the service.
//
// The names in the address are the service's own, so a link can be read and written by hand:
// `./?container=shop-web-1&level=>=WARNING&since=-15m`. Without a time the list is live.
import type { Changes } from '@monlight/ui/router.ts';

import type { LogQuery } from '../logs-api.ts';
import { levelFilter, levelsShown } from './levels.ts';

export const RANGES = [
  ['live', 'Live'],
  ['-15m', 'Last 15 min'],
  ['-1h', 'Last hour'],
  ['-24h', 'Last 24 h'],
  ['-7d', 'Last 7 days'],
  ['all', 'All'],
] as const;
export const CUSTOM = 'custom';
export const LIVE_HISTOGRAM = '-1h';

const TIMES = ['since', 'until'] as const;
const NARROWING = ['container', 'level', 'stream', 'search'] as const;

export function rangeOf(params: URLSearchParams): string {
  const since = params.get('since') ?? '';
  if (params.has('until')) return CUSTOM;
  if (since !== '') return RANGES.some(([value]) => value === since) ? since : CUSTOM;
  return params.get('live') === 'off' ? 'all' : 'live';
}

export function rangeChanges(range: string): Changes {
  if (range === 'live') return { since: null, until: null, live: null };
  if (range === 'all') return { since: null, until: null, live: 'off' };
  return { since: range, until: null, live: null };
}

export function momentChanges(from: number, to: number): Changes {
  return { since: new Date(from).toISOString(), until: new Date(to).toISOString(), live: null };
}

export const isLive = (params: URLSearchParams): boolean => rangeOf(params) === 'live';

export function containersOf(params: URLSearchParams): string[] {
  return [...new Set(params.getAll('container').filter((name) => name !== ''))];
}

/** The filters that are not about time. */
export function narrowingQuery(params: URLSearchParams): LogQuery {
  return {
    container: containersOf(params),
    level: levelFilter(levelsShown(params)),
    stream: params.get('stream'),
    search: params.get('search'),
  };
}

export function asLogQuery(params: URLSearchParams): LogQuery {
  return { ...narrowingQuery(params), since: params.get('since'), until: params.get('until') };
}

/** Everything the list depends on, for knowing when it is another one. */
export function listKey(params: URLSearchParams): string {
  return JSON.stringify([asLogQuery(params), isLive(params)]);
}

export interface ActiveFilter {
  words: string;
  /** What takes it off. */
  without: Changes;
}

/** The filters in words, each with the way to drop it. */
export function activeFilters(params: URLSearchParams): ActiveFilter[] {
  const active: ActiveFilter[] = [];
  for (const name of NARROWING) {
    const values = name === 'level' ? levelFilter(levelsShown(params)) : params.getAll(name).filter((value) => value !== '');
    if (values.length > 0) active.push({ words: `${name} ${values.join(', ')}`, without: { [name]: null } });
  }
  const range = rangeOf(params);
  const label = RANGES.find(([value]) => value === range)?.[1].toLowerCase() ?? 'a chosen time';
  if (range !== 'live' && range !== 'all') active.push({ words: label, without: rangeChanges('all') });
  return active;
}

/** No filter at all, and all times. */
export function withoutFilters(): Changes {
  return { ...Object.fromEntries([...NARROWING, ...TIMES].map((name) => [name, null])), live: 'off' };
}

/** The search with one more condition. */
export function withField(search: string, field: string, value: unknown): string {
  const text = String(value);
  const condition = `${field}:${/^[\w.@/-]+$/.test(text) ? text : `"${text.replaceAll('"', '')}"`}`;
  const words = search.trim();
  if (words === '') return condition;
  return words.includes(condition) ? words : `${/\bOR\b/.test(words) ? `(${words})` : words} ${condition}`;
}
