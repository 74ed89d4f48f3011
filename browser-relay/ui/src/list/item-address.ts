// The item that the address names, and the way to it and back.
import { go, hasHistory, linkWith, query } from '@monlight/ui/router.ts';

/** The id in the address; null when there is none. */
export function idOf(params: URLSearchParams, name: string): number | null {
  const text = params.get(name) ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** Takes the item off the address, as going back does when it was opened from the list. */
export function closeItem(name: string): void {
  if (!query.value.has(name)) return;
  if (hasHistory()) history.back();
  else go(linkWith({ [name]: null }), 'replace');
}
