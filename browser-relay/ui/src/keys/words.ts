// What a key lets in, in words.
import { exactNumber } from '@monlight/ui/number.ts';

import type { About, DsnKey } from '../wire.ts';

const SHORT_CHARS = 8;

export interface Origins {
  /** The first, or what stands for all of them. */
  text: string;
  more: number;
  /** Whether the key says so itself. */
  own: boolean;
}

export function originsInWords(key: Pick<DsnKey, 'allowed_origins'>, about: Pick<About, 'any_origin'> | null): Origins {
  const list = key.allowed_origins;
  if (list === null) return { text: about?.any_origin === false ? 'those of CORS_ORIGINS' : 'any', more: 0, own: false };
  const [first = 'none'] = list;
  return { text: first, more: Math.max(0, list.length - 1), own: true };
}

export function limitInWords(key: Pick<DsnKey, 'rate_limit'>, about: Pick<About, 'rate_limit'> | null): string {
  const limit = key.rate_limit ?? about?.rate_limit;
  return limit === undefined ? '' : `${exactNumber(limit)} / min`;
}

export const shortKey = (key: string): string => `${key.slice(0, SHORT_CHARS)}…`;
