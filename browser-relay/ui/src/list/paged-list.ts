// A list that comes page by page, the newest first, and is kept up to date where it stands.
//
// Rows never move or vanish by themselves: what is new waits until the reader asks for it.
import { isAbort } from '@monlight/ui/api.ts';
import { liveFault } from '@monlight/ui/live.ts';
import { createSelection } from '@monlight/ui/selection.ts';
import { computed, signal } from '@preact/signals';

export interface Page<Item> {
  items: Item[];
  /** Of all pages. */
  total: number;
  /** The next page's `before`. */
  next: number | null;
}

export type PageQuery = { limit: number; before?: number };
export type ReadPage<Item> = (asked: PageQuery, signal?: AbortSignal) => Promise<Page<Item>>;

export type ListState = { kind: 'loading' } | { kind: 'failed'; error: unknown } | { kind: 'shown' };

const PAGE = 100;

export function createPagedList<Item extends { id: number }>() {
  const state = signal<ListState>({ kind: 'loading' });
  const rows = signal<Item[]>([]);
  const total = signal(0);
  const next = signal<number | null>(null);
  /** True while another address is on its way; what is shown until then is the old one's. */
  const busy = signal(true);
  const loadingMore = signal(false);
  const waiting = signal<{ fresh: number; page: Page<Item> } | null>(null);
  const ids = computed(() => rows.value.map((item) => item.id));
  const selection = createSelection(() => ids.peek());
  let read: ReadPage<Item> | null = null;
  let flight: AbortController | null = null;

  function show(page: Page<Item>): void {
    rows.value = page.items;
    total.value = page.total;
    next.value = page.next;
    waiting.value = null;
    state.value = { kind: 'shown' };
    selection.keepOnly(ids.peek());
  }

  async function load(question: ReadPage<Item>): Promise<void> {
    read = question;
    flight?.abort();
    const own = new AbortController();
    flight = own;
    busy.value = true;
    if (state.peek().kind === 'failed') state.value = { kind: 'loading' };
    try {
      show(await question({ limit: PAGE }, own.signal));
      liveFault.value = null;
    } catch (error) {
      if (isAbort(error)) return;
      state.value = { kind: 'failed', error };
    }
    busy.value = false;
  }

  return {
    state, rows, total, next, busy, loadingMore, waiting, selection,

    /** Shows the list for another question. The old rows stay until the new ones are here. */
    open(question: ReadPage<Item>): Promise<void> {
      selection.cursor.value = null;
      return load(question);
    },

    async reload(): Promise<void> {
      if (read) await load(read);
    },

    /** Brings the rows up to date where they stand. */
    async refresh(signal?: AbortSignal): Promise<void> {
      const question = read;
      if (question === null || busy.peek() || state.peek().kind !== 'shown') return;
      const page = await question({ limit: Math.max(PAGE, rows.peek().length) }, signal);
      if (question !== read || busy.peek()) return;
      // Nobody is reading an empty list: it turns over by itself.
      if (rows.peek().length === 0) return show(page);
      const newest = rows.peek()[0]?.id ?? 0;
      const fresh = page.items.filter((item) => item.id > newest).length;
      const byId = new Map(page.items.map((item) => [item.id, item]));
      rows.value = rows.peek().map((item) => byId.get(item.id) ?? item);
      total.value = page.total;
      waiting.value = fresh > 0 ? { fresh, page } : null;
    },

    /** Puts what waits on the screen. */
    applyWaiting(): void {
      if (waiting.value) show(waiting.value.page);
    },

    async loadMore(): Promise<void> {
      const [before, question] = [next.value, read];
      if (before === null || question === null || loadingMore.value) return;
      loadingMore.value = true;
      try {
        const page = await question({ limit: PAGE, before });
        if (question !== read) return;
        rows.value = [...rows.value, ...page.items];
        next.value = page.next;
        total.value = page.total;
      } finally {
        loadingMore.value = false;
      }
    },

    /** Changes a row where it stands. */
    patch(id: number, change: Partial<Item>): void {
      rows.value = rows.value.map((item) => (item.id === id ? { ...item, ...change } : item));
    },

    remove(id: number): void {
      const kept = rows.value.filter((item) => item.id !== id);
      if (kept.length === rows.value.length) return;
      rows.value = kept;
      total.value -= 1;
      selection.keepOnly(ids.peek());
    },
  };
}

export type PagedList<Item extends { id: number }> = ReturnType<typeof createPagedList<Item>>;
