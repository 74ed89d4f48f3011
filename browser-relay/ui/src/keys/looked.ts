// The key that the address names, when the list does not have it.
import { signal } from '@preact/signals';

import type { DsnKey } from '../wire.ts';

export const looked = signal<DsnKey | null>(null);
