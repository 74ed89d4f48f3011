// The requests this UI makes, one function each.
import { api, withQuery, type QueryValue } from '@monlight/ui/api.ts';

import type { Container, Context, Histogram, LogPage } from './wire.ts';

export type LogQuery = Record<string, QueryValue>;

export const listLogs = (query: LogQuery, signal?: AbortSignal) => api<LogPage>(withQuery('logs', query), { signal });

export const readContext = (id: number, before: number, after: number, signal?: AbortSignal) =>
  api<Context>(withQuery(`logs/${id}/context`, { before, after }), { signal });

export const readHistogram = (query: LogQuery, signal?: AbortSignal) =>
  api<Histogram>(withQuery('logs/histogram', query), { signal });

export const exportAddress = (query: LogQuery, format: 'ndjson' | 'text') =>
  `api/${withQuery('logs/export', { ...query, format })}`;

/** The stream of what comes after an entry. */
export const tailAddress = (query: LogQuery, after: number) => `api/${withQuery('logs/tail', { ...query, last_event_id: after })}`;

export const listContainers = async (signal?: AbortSignal) =>
  (await api<{ containers: Container[] }>('containers', { signal })).containers;
