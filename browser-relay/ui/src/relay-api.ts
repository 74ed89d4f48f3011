// The requests this UI makes, one function each. An upload is in maps/upload.ts, because it shows how far it is.
import { api, withQuery, type QueryValue } from '@monlight/ui/api.ts';

import type { Page, PageQuery } from './list/paged-list.ts';
import type { DsnKey, NewKey, SourceMap, Spool } from './wire.ts';

export type Narrowing = Record<string, QueryValue>;

export async function listKeys(asked: Narrowing & PageQuery, signal?: AbortSignal): Promise<Page<DsnKey>> {
  const { keys, total, next } = await api<{ keys: DsnKey[]; total: number; next: number | null }>(withQuery('dsn-keys', asked), { signal });
  return { items: keys, total, next };
}

export const createKey = (key: NewKey) => api<DsnKey>('dsn-keys', { method: 'POST', body: key });

export const deactivateKey = (id: number) => api<unknown>(`dsn-keys/${id}`, { method: 'DELETE' });

export const activateKey = (id: number) => api<unknown>(`dsn-keys/${id}/activate`, { method: 'POST' });

export async function listMaps(asked: Narrowing & PageQuery, signal?: AbortSignal): Promise<Page<SourceMap>> {
  const answer = await api<{ source_maps: SourceMap[]; total: number; next: number | null }>(withQuery('source-maps', asked), { signal });
  return { items: answer.source_maps, total: answer.total, next: answer.next };
}

export const deleteMap = (id: number) => api<unknown>(`source-maps/${id}`, { method: 'DELETE' });

export const readSpool = (signal?: AbortSignal) => api<Spool>('spool', { signal });
