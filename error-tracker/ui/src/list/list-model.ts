// The list's state: rows, what waits behind the pill, the cursor and the ticked rows.
import { isAbort } from '@monlight/ui/api.ts';
import { createPoller, liveFault } from '@monlight/ui/live.ts';
import { createSelection } from '@monlight/ui/selection.ts';
import { computed, signal } from '@preact/signals';

import { listErrors, type ListQuery } from '../errors-api.ts';
import type { ErrorItem, ErrorPage } from '../wire.ts';
import { append, compare } from './merge.ts';

const PAGE = 50;
const LIVE_MS = 10_000;

export type ListState =
  | { kind: 'loading' }
  | { kind: 'failed'; error: unknown }
  | { kind: 'shown' };

export function createListModel() {
  const state = signal<ListState>({ kind: 'loading' });
  const rows = signal<ErrorItem[]>([]);
  const total = signal({ count: 0, exact: true });
  const next = signal<string | null>(null);
  const loadingMore = signal(false);
  const waiting = signal<{ fresh: number; reordered: boolean; page: ErrorPage } | null>(null);
  /** How many errors there are with no filter at all; asked when the list is empty. */
  const everything = signal<{ count: number; lastSeen: string | null } | null>(null);
  const ids = computed(() => rows.value.map((item) => item.id));
  const selection = createSelection(() => ids.peek());
  let makeQuery: () => ListQuery = () => ({});
  let loading: AbortController | null = null;

  const poller = createPoller(async (signal) => {
    if (state.peek().kind !== 'shown') return;
    const page = await listErrors({ ...makeQuery(), limit: PAGE }, signal);
    if (state.peek().kind !== 'shown') return;
    // Nobody is reading an empty list: it turns over by itself.
    if (rows.peek().length === 0) return show(page);
    const news = compare(rows.peek(), next.peek() === null, page);
    rows.value = news.rows;
    total.value = { count: page.total, exact: page.total_exact };
    waiting.value = news.fresh > 0 || news.reordered ? { fresh: news.fresh, reordered: news.reordered, page } : null;
  }, LIVE_MS);

  function show(page: ErrorPage): void {
    rows.value = page.errors;
    total.value = { count: page.total, exact: page.total_exact };
    next.value = page.next;
    waiting.value = null;
    state.value = { kind: 'shown' };
    selection.keepOnly(ids.peek());
    if (page.errors.length === 0) void countEverything();
  }

  async function countEverything(): Promise<void> {
    const page = await listErrors({ resolved: 'all', ignored: 'all', limit: 1 }).catch(() => null);
    if (page) everything.value = { count: page.total, lastSeen: page.errors[0]?.last_seen ?? null };
  }

  async function load(): Promise<void> {
    loading?.abort();
    const own = new AbortController();
    loading = own;
    try {
      show(await listErrors({ ...makeQuery(), limit: PAGE }, own.signal));
      liveFault.value = null;
    } catch (error) {
      if (!isAbort(error)) state.value = { kind: 'failed', error };
    }
  }

  return {
    state, rows, total, next, loadingMore, waiting, everything, selection, poller,

    /** Shows the list for another query. The old rows stay until the new ones are here. */
    open(query: () => ListQuery): Promise<void> {
      makeQuery = query;
      selection.clear();
      selection.cursor.value = null;
      if (state.value.kind === 'failed') state.value = { kind: 'loading' };
      return load();
    },

    reload(): Promise<void> {
      if (state.value.kind === 'failed') state.value = { kind: 'loading' };
      return load();
    },

    /** Puts what waits behind the pill on the screen. */
    applyWaiting(): void {
      if (waiting.value) show(waiting.value.page);
    },

    async loadMore(): Promise<void> {
      const cursor = next.value;
      if (cursor === null || loadingMore.value) return;
      loadingMore.value = true;
      try {
        const page = await listErrors({ ...makeQuery(), limit: PAGE, cursor });
        rows.value = append(rows.value, page.errors);
        next.value = page.next;
      } finally {
        loadingMore.value = false;
      }
    },

    /** Changes rows where they stand. */
    patch(changed: ReadonlySet<number>, change: Partial<ErrorItem>): void {
      rows.value = rows.value.map((item) => (changed.has(item.id) ? { ...item, ...change } : item));
    },

    remove(gone: ReadonlySet<number>): void {
      rows.value = rows.value.filter((item) => !gone.has(item.id));
      total.value = { ...total.value, count: Math.max(0, total.value.count - gone.size) };
      selection.keepOnly(ids.peek());
    },
  };
}

export type ListModel = ReturnType<typeof createListModel>;

/** The one list of the page. It outlives a look at one error, so that coming back is instant. */
export const list = createListModel();
