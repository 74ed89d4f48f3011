// What waits for the peers, as it was told last.
import { signal } from '@preact/signals';

import { readSpool } from '../relay-api.ts';
import type { Spool } from '../wire.ts';

export const spool = signal<Spool | null>(null);

export async function refreshSpool(signal?: AbortSignal): Promise<void> {
  spool.value = await readSpool(signal);
}
