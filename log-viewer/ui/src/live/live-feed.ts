// What comes while the list is live: from the stream over the buffer into the rows.
import { signal } from '@preact/signals';

import { noticeContainer } from '../containers/containers.ts';
import type { Lines } from '../lines/lines.ts';
import type { Viewport } from '../lines/viewport.ts';
import { tailAddress, type LogQuery } from '../logs-api.ts';
import type { Entry } from '../wire.ts';
import { LiveBuffer } from './live-buffer.ts';
import { createTail } from './tail.ts';

/** An entry may grow between the page and the stream, so the stream begins with the page's last few. */
const OVERLAP = 20;

export interface FeedParts {
  lines: Lines;
  viewport: Viewport;
  /** Whether there is more before the first row, so that what belongs there can be loaded. */
  olderExists(): boolean;
  /** The oldest rows have made room for new ones. */
  onTrimmed(): void;
  /** So many lines more match the filters. */
  onMore(count: number): void;
  /** The newest lines are among those that the stream has skipped. */
  onBehind(): void;
}

export function createLiveFeed({ lines, viewport, olderExists, onTrimmed, onMore, onBehind }: FeedParts) {
  /** Held still by the reader, wherever he is. */
  const held = signal(false);
  const newCount = signal(0);
  const following = signal(true);
  const buffer = new LiveBuffer(lines);
  const tail = createTail({ onEntry: take, onAmend: take, onDropped });
  let newest = 0;
  let frame: number | null = null;
  /** Since the last frame. */
  let arrived = 0;

  /** What is known already is brought up to date: it may have been sent again. */
  function take(entry: Entry): void {
    newest = Math.max(newest, entry.id);
    noticeContainer(entry.container);
    if (buffer.add(entry)) arrived += 1;
    schedule();
  }

  function onDropped(count: number): void {
    buffer.skipped(count);
    schedule();
  }

  function schedule(): void {
    frame ??= requestAnimationFrame(() => {
      frame = null;
      flush();
    });
  }

  function flush(): void {
    if (arrived > 0) onMore(arrived);
    arrived = 0;
    following.value = viewport.follow && !held.peek();
    if (following.value && buffer.size > 0 && buffer.flush(olderExists()).trimmed) onTrimmed();
    if (following.value && lines.rows.at(-1)?.kind === 'gap') onBehind();
    newCount.value = buffer.newCount;
  }

  return {
    tail, held, following, newCount, flush,

    /** Begins anew with an empty list. */
    reset(): void {
      buffer.clear();
      arrived = newCount.value = 0;
      held.value = false;
      viewport.follow = following.value = true;
    },

    /** Goes on behind a page that has just been read: whatever was there then has no higher number. */
    follow(query: LogQuery, page: readonly Entry[]): void {
      for (const { id } of page) newest = Math.max(newest, id);
      tail.start(() => tailAddress(query, Math.max(0, newest - OVERLAP)));
    },
  };
}
