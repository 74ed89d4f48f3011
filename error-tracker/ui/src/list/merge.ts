// What a fresh first page means for the rows on the screen.
//
// Rows never move or vanish by themselves: numbers are brought up to date where they stand, and
// everything else waits until the reader asks for it.
import type { ErrorItem, ErrorPage } from '../wire.ts';

export interface News {
  /** The rows as they stand, with fresh figures. */
  rows: ErrorItem[];
  /** Errors that the fresh page has and the screen has not. */
  fresh: number;
  /** True when the fresh page orders the same rows differently. */
  reordered: boolean;
}

export function compare(shown: readonly ErrorItem[], shownAll: boolean, page: ErrorPage): News {
  const byId = new Map(page.errors.map((item) => [item.id, item]));
  const shownIds = new Set(shown.map((item) => item.id));
  const lastShown = page.errors.findLastIndex((item) => shownIds.has(item.id));
  // What follows the last known row only moved up from the next page.
  const complete = shownAll && page.next === null;
  const fresh = page.errors.filter((item, index) => !shownIds.has(item.id) && (complete || index < lastShown));

  const before = shown.filter((item) => byId.has(item.id)).map((item) => item.id);
  const after = page.errors.filter((item) => shownIds.has(item.id)).map((item) => item.id);
  return {
    rows: shown.map((item) => byId.get(item.id) ?? item),
    fresh: lastShown === -1 ? page.errors.filter((item) => !shownIds.has(item.id)).length : fresh.length,
    reordered: before.some((id, index) => id !== after[index]),
  };
}

/** Adds a further page; rows that moved between the requests appear once. */
export function append(shown: readonly ErrorItem[], more: readonly ErrorItem[]): ErrorItem[] {
  const known = new Set(shown.map((item) => item.id));
  return [...shown, ...more.filter((item) => !known.has(item.id))];
}
