// What is shown of a map, in words.
import { DAY } from '@monlight/ui/time.ts';

import type { SourceMap } from '../wire.ts';

const SHORT_CHARS = 8;

/** False until a stack has needed it: the time of the upload counts as the first use. */
export const wasUsed = (map: Pick<SourceMap, 'last_used' | 'uploaded_at'>): boolean => map.last_used !== map.uploaded_at;

/** When it is forgotten unless it is used. */
export function keptUntil(map: Pick<SourceMap, 'last_used'>, retentionDays: number): string {
  return new Date(Date.parse(map.last_used) + retentionDays * DAY).toISOString();
}

/** A script's address in two parts, of which the second is what tells it from others. */
export function addressParts(fileUrl: string): [folder: string, file: string] {
  const at = fileUrl.slice(0, -1).lastIndexOf('/') + 1;
  return [fileUrl.slice(0, at), fileUrl.slice(at)];
}

export const shortId = (id: string): string => id.slice(0, SHORT_CHARS);
