// The list of keys, how it is narrowed, and what is open.
import { signal } from '@preact/signals';

import { createPagedList, type ReadPage } from '../list/paged-list.ts';
import { listKeys, type Narrowing } from '../relay-api.ts';
import type { DsnKey } from '../wire.ts';

export const keyList = createPagedList<DsnKey>();

/** True while the dialog for a new key is open. */
export const creating = signal(false);

/** The key that has just been made. */
export const madeNow = signal<number | null>(null);

export const FILTERS = ['search', 'state'] as const;
export const STATES = [
  ['', 'Active keys'],
  ['inactive', 'Deactivated keys'],
  ['all', 'All keys'],
] as const;

/** A map, because the address may name what every object has. */
const ACTIVE: ReadonlyMap<string, string | null> = new Map([['inactive', 'false'], ['all', null]]);

/** What the service is asked for; keys that are active unless the address says otherwise. */
export function narrowing(params: URLSearchParams): Narrowing {
  const state = params.get('state') ?? '';
  return { search: params.get('search'), active: ACTIVE.has(state) ? ACTIVE.get(state) : 'true' };
}

export function keyReader(params: URLSearchParams): ReadPage<DsnKey> {
  return (asked, signal) => listKeys({ ...narrowing(params), ...asked }, signal);
}

/** Keys by id as far as they were read one by one, because the list does not have them. */
export async function readKey(id: number): Promise<DsnKey | null> {
  const { items } = await listKeys({ before: id + 1, limit: 1 });
  return items[0]?.id === id ? items[0] : null;
}
