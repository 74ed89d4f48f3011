// The requests this UI makes, one function each.
import { api, withQuery } from '@monlight/ui/api.ts';

import type { Action, ErrorDetail, ErrorPage, Timeline } from './wire.ts';

export type ListQuery = Record<string, string | number | null | undefined>;

export const listErrors = (query: ListQuery, signal?: AbortSignal) =>
  api<ErrorPage>(withQuery('errors', query), { signal });

export const readError = (id: number, signal?: AbortSignal) => api<ErrorDetail>(`errors/${id}`, { signal });

export const readTimeline = (id: number, signal?: AbortSignal) => api<Timeline>(`errors/${id}/timeline`, { signal });

/** Does the same to each of the errors; the service takes any number in one request. */
export const actOn = (ids: readonly number[], action: Action) =>
  api<{ changed: number }>('errors/bulk', { method: 'POST', body: { ids, action } });

export async function listNames(kind: 'projects' | 'environments' | 'releases', project: string): Promise<string[]> {
  const reply = await api<Record<string, string[]>>(withQuery(kind, { project }));
  return reply[kind] ?? [];
}

export interface AlertResult {
  channel: string;
  ok: boolean;
  detail: string | null;
}

export const sendTestAlert = () => api<{ results: AlertResult[] }>('test-alert', { method: 'POST' });
