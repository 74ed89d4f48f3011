// The list of the page: what the filters find, older lines on demand, and new ones while it is live.
import { isAbort } from '@monlight/ui/api.ts';
import { computed, signal } from '@preact/signals';

import { asLogQuery, isLive, narrowingQuery } from '../filters/address.ts';
import { createLiveFeed } from '../live/live-feed.ts';
import { listLogs, type LogQuery } from '../logs-api.ts';
import { needlesOf } from '../text/needles.ts';
import type { LogPage } from '../wire.ts';
import { joinNewest } from './join-newest.ts';
import { justAfter, type GapRow } from './row.ts';
import { MOST_ROWS, viewParts, type Edge, type LogView } from './view.ts';

export const PAGE = 500;
// Goes on until about the next heartbeat, with which the stream tells of all it skipped.
const CATCH_UP_MS = 500;
const CATCH_UP_TIMES = 20;

export type ListState = { kind: 'loading' } | { kind: 'failed'; error: unknown } | { kind: 'shown' };

export function createListModel() {
  const parts = viewParts();
  const { lines, viewport, older } = parts;
  const state = signal<ListState>({ kind: 'loading' });
  const busy = signal(false);
  const search = signal('');
  const needles = computed(() => needlesOf(search.value));
  const total = signal({ count: 0, exact: true });
  const live = signal(false);
  let query: LogQuery = {};
  let cursorOfPage: string | null = null;
  let flight = new AbortController();
  let catchingUp: ReturnType<typeof setTimeout> | undefined;

  const feed = createLiveFeed({
    lines,
    viewport,
    olderExists: () => older.peek().kind !== 'end',
    onTrimmed() {
      // The service's cursor belongs to a row that is gone: the next page is asked for by time.
      cursorOfPage = null;
      older.value = { kind: 'more' };
    },
    onMore: (count) => (total.value = { ...total.peek(), count: total.peek().count + count }),
    onBehind: () => catchUpLater(CATCH_UP_TIMES),
  });

  function catchUpLater(times: number): void {
    const { signal } = flight;
    if (times > 0) catchingUp ??= setTimeout(() => void catchUp(signal, times), CATCH_UP_MS);
  }

  /** The stream skips lines when they come too fast; the newest are fetched until none of them is new. */
  async function catchUp(signal: AbortSignal, times: number): Promise<void> {
    const end = lines.rows.at(-1);
    try {
      const page = await listLogs({ ...query, limit: PAGE }, signal);
      total.value = { count: page.total, exact: page.total_exact };
      const added = joinNewest(lines, end, page);
      catchingUp = undefined;
      if (added > 0) catchUpLater(times - 1);
    } catch {
      // The gap stays, and can be loaded by hand. Another list has a timer of its own.
      if (!signal.aborted) catchingUp = undefined;
    }
  }

  function edgeOf(page: LogPage): Edge {
    if (!page.complete) return { kind: 'halted', searchedTo: page.scanned_to };
    return { kind: page.next === null ? 'end' : 'more' };
  }

  function take(page: LogPage): void {
    cursorOfPage = page.next;
    lines.merge(page.logs);
    older.value = edgeOf(page);
  }

  async function load(): Promise<void> {
    flight.abort();
    clearTimeout(catchingUp);
    catchingUp = undefined;
    const own = new AbortController();
    flight = own;
    feed.tail.stop();
    busy.value = true;
    try {
      const page = await listLogs({ ...query, limit: PAGE }, own.signal);
      lines.clear();
      feed.reset();
      parts.cursor.value = null;
      take(page);
      total.value = { count: page.total, exact: page.total_exact };
      state.value = { kind: 'shown' };
      if (live.value) feed.follow(query, page.logs);
    } catch (error) {
      if (!isAbort(error)) state.value = { kind: 'failed', error };
    } finally {
      if (flight === own) busy.value = false;
    }
  }

  async function loadOlder(): Promise<void> {
    const { kind } = older.value;
    if (kind === 'loading' || kind === 'end' || kind === 'full' || state.value.kind !== 'shown') return;
    if (lines.rows.length >= MOST_ROWS) return void (older.value = { kind: 'full' });
    const first = lines.first;
    const from = cursorOfPage !== null ? { cursor: cursorOfPage } : first ? { until: justAfter(first.time) } : {};
    older.value = { kind: 'loading' };
    try {
      const page = await listLogs({ ...query, ...from, limit: PAGE }, flight.signal);
      take(page);
      if (page.complete && page.next === null && !total.value.exact) total.value = { count: lines.rows.length, exact: true };
    } catch (error) {
      if (!isAbort(error)) older.value = { kind: 'failed', error };
    }
  }

  async function loadGap(gap: GapRow): Promise<void> {
    const at = lines.rows.indexOf(gap);
    const [before, behind] = [lines.rows[at - 1], lines.rows[at + 1]];
    if (!before || gap.loading) return;
    viewport.follow = false;
    gap.loading = true;
    lines.changed();
    const between = { since: before.time, until: behind ? justAfter(behind.time) : query['until'] };
    try {
      const page = await listLogs({ ...query, ...between, limit: PAGE }, flight.signal);
      lines.fillGap(gap, page.logs, page.next === null);
    } catch {
      lines.fillGap(gap, [], false);
    }
  }

  const view: LogView = {
    ...parts, needles, marked: null, loadOlder, loadGap,
    loadNewer: () => Promise.resolve(),
    onScrolled: feed.flush,
  };

  return {
    view, state, busy, total, live, search, feed,

    /** Shows what another address asks for. The old rows stay until the new ones are here. */
    open(params: URLSearchParams): Promise<void> {
      query = isLive(params) ? narrowingQuery(params) : asLogQuery(params);
      search.value = params.get('search') ?? '';
      live.value = isLive(params);
      if (state.value.kind === 'failed') state.value = { kind: 'loading' };
      return load();
    },

    reload: load,

    /** Goes to the newest line and stays there. */
    resume(): void {
      feed.held.value = false;
      viewport.showEnd();
      feed.flush();
    },

    hold(): void {
      if (feed.held.value) return this.resume();
      feed.held.value = true;
      viewport.follow = false;
      feed.flush();
    },

    stop(): void {
      clearTimeout(catchingUp);
      feed.tail.stop();
    },
  };
}

export type ListModel = ReturnType<typeof createListModel>;

/** The one list of the page. It outlives a look at a line's surroundings. */
export const list = createListModel();
