// The list of the page: what the filters find, older lines on demand, and new ones while it is live.
import { isAbort } from '@monlight/ui/api.ts';
import { computed, signal } from '@preact/signals';

import { asLogQuery, isLive, narrowingQuery } from '../filters/address.ts';
import { LiveBuffer } from '../live/live-buffer.ts';
import { createTail } from '../live/tail.ts';
import { listLogs, tailAddress, type LogQuery } from '../logs-api.ts';
import { needlesOf } from '../text/needles.ts';
import type { LogPage } from '../wire.ts';
import { comparePlaces, justAfter, timeKey, type GapRow } from './row.ts';
import { MOST_ROWS, viewParts, type Edge, type LogView } from './view.ts';

export const PAGE = 500;

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
  /** Held still by the reader, wherever he is. */
  const held = signal(false);
  const newCount = signal(0);
  const following = signal(true);
  const buffer = new LiveBuffer(lines);
  let query: LogQuery = {};
  let stream: string | null = null;
  let cursorOfPage: string | null = null;
  let flight = new AbortController();
  let frame: number | null = null;
  /** Since the last frame. */
  let arrived = 0;

  const tail = createTail({
    onEntry(entry) {
      if (stream !== null && entry.stream !== stream) return;
      buffer.add(entry);
      arrived += 1;
      schedule();
    },
    onAmend(entry) {
      buffer.amend(entry);
      schedule();
    },
    onDropped(count) {
      buffer.skipped(count);
      schedule();
    },
    onOpened: () => void catchUp(),
  });

  function schedule(): void {
    frame ??= requestAnimationFrame(() => {
      frame = null;
      flush();
    });
  }

  function flush(): void {
    if (arrived > 0) total.value = { ...total.peek(), count: total.peek().count + arrived };
    arrived = 0;
    following.value = viewport.follow && !held.peek();
    if (following.value && buffer.size > 0) {
      const { trimmed } = buffer.flush(older.peek().kind !== 'end');
      if (trimmed) {
        // The service's cursor belongs to a row that is gone: the next page is asked for by time.
        cursorOfPage = null;
        older.value = { kind: 'more' };
      }
    }
    newCount.value = buffer.newCount;
  }

  /** What has come between the last row and the stream's first event. */
  async function catchUp(): Promise<void> {
    try {
      const page = await listLogs({ ...query, limit: PAGE }, flight.signal);
      const last = lines.last;
      const joined = last === undefined || page.next === null || page.logs.some((entry) => comparePlaces({ time: timeKey(entry.timestamp), id: entry.id }, last) <= 0);
      if (!joined) buffer.skipped(null);
      for (const entry of page.logs.toReversed()) buffer.add(entry);
      total.value = { count: page.total, exact: page.total_exact };
      schedule();
    } catch {
      // The stream goes on; its own fault would be shown.
    }
  }

  function edgeOf(page: LogPage): Edge {
    if (!page.complete) return { kind: 'halted', searchedTo: page.scanned_to };
    return { kind: page.next === null ? 'end' : 'more' };
  }

  function take(page: LogPage): void {
    cursorOfPage = page.next;
    lines.merge(page.logs);
    total.value = { count: page.total, exact: page.total_exact };
    older.value = edgeOf(page);
  }

  async function load(): Promise<void> {
    flight.abort();
    const own = new AbortController();
    flight = own;
    tail.stop();
    busy.value = true;
    try {
      const page = await listLogs({ ...query, limit: PAGE }, own.signal);
      buffer.clear();
      lines.clear();
      newCount.value = 0;
      parts.cursor.value = null;
      held.value = false;
      viewport.follow = following.value = true;
      take(page);
      state.value = { kind: 'shown' };
      if (live.value) tail.start(tailAddress({ container: query['container'], level: query['level'], search: query['search'] }));
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
      take(await listLogs({ ...query, ...from, limit: PAGE }, flight.signal));
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
    onScrolled: flush,
  };

  return {
    view, state, busy, total, live, held, following, newCount, search, tail,

    /** Shows what another address asks for. The old rows stay until the new ones are here. */
    open(params: URLSearchParams): Promise<void> {
      query = isLive(params) ? narrowingQuery(params) : asLogQuery(params);
      stream = params.get('stream');
      search.value = params.get('search') ?? '';
      live.value = isLive(params);
      if (state.value.kind === 'failed') state.value = { kind: 'loading' };
      return load();
    },

    reload: load,

    /** Goes to the newest line and stays there. */
    resume(): void {
      held.value = false;
      viewport.showEnd();
      flush();
    },

    hold(): void {
      if (held.value) return this.resume();
      held.value = true;
      viewport.follow = false;
      flush();
    },

    stop: () => tail.stop(),
  };
}

export type ListModel = ReturnType<typeof createListModel>;

/** The one list of the page. It outlives a look at a line's surroundings. */
export const list = createListModel();
