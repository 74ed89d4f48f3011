// The rows in view, and only those.
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { zone } from '@monlight/ui/preferences.ts';
import { dayOf } from '@monlight/ui/time.ts';

import { wrap } from '../preferences.ts';
import { EdgeNote } from './EdgeNote.tsx';
import { estimateFor, type Room } from './estimate.ts';
import { GapRow } from './GapRow.tsx';
import { LogRow, prefetchDetail } from './LogRow.tsx';
import type { Row } from './row.ts';
import { measureRoom, measureRows } from './measuring.ts';
import { TAIL_PX, LEAD_PX } from './viewport.ts';
import type { LogView } from './view.ts';
import './lines.css';

/** Nearer than this to an end, more is loaded. */
const NEAR_PX = 1500;
const AT_END_PX = 4;

export interface LogListProps {
  view: LogView;
  showContainer: boolean;
  children?: ComponentChildren;
}

export function LogList({ view, showContainer, children }: LogListProps) {
  const { lines, viewport } = view;
  const scroller = useRef<HTMLDivElement>(null);
  const window = useRef<HTMLOListElement>(null);
  /** Where the page was scrolled to when last heard of. */
  const own = useRef(0);
  const pointed = useSignal<string | null>(null);
  const room = useSignal<Room | null>(null);
  const wrapped = wrap.value === 'on';

  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const watch = new ResizeObserver(() => (room.value = measureRoom(element, room.peek())));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (!room.value) return;
    viewport.height = room.value.height;
    lines.estimateAnew(estimateFor(room.value, wrapped, showContainer));
  }, [room.value, wrapped, showContainer]);

  // Reading the version is what makes this render again.
  const version = lines.version.value;
  const top = viewport.settle();
  const { from, to } = viewport.span();

  useLayoutEffect(() => {
    const element = scroller.current;
    if (element && Math.abs(own.current - top) >= 1) {
      // A smooth scroll may be further on than its last event said: it is shifted, not set back.
      element.scrollTop = viewport.follow ? top : element.scrollTop + top - own.current;
      own.current = element.scrollTop;
    }
    measureRows(window.current, lines, from);
  });
  useEffect(() => {
    // Opened rows change their height by themselves: a branch of a tree, a part that was fetched.
    const watch = new ResizeObserver(() => measureRows(window.current, lines, viewport.span().from));
    if (window.current) watch.observe(window.current);
    prefetchDetail();
    return () => watch.disconnect();
  }, []);
  useEffect(() => {
    if (room.value === null) return;
    if (top < NEAR_PX && view.older.value.kind === 'more') void view.loadOlder();
    if (viewport.end - top < NEAR_PX && view.newer.value.kind === 'more') void view.loadNewer();
  }, [version, top, room.value]);

  const shown = lines.rows.slice(from, to);
  const active = pointed.value ?? (view.cursor.value === null ? null : String(view.cursor.value));
  return (
    <div class={`list-place ${wrapped ? 'wrapped' : ''} ${showContainer ? 'tagged' : ''}`}>
      <div
        ref={scroller}
        class="scroller"
        tabIndex={0}
        role="group"
        aria-label="Lines, the newest at the bottom"
        onWheel={(event) => {
          if (event.deltaY < 0) viewport.follow = false;
        }}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          if (Math.abs(scrollTop - own.current) < 1) return;
          own.current = scrollTop;
          viewport.scrolledTo(scrollTop, scrollTop + clientHeight >= scrollHeight - AT_END_PX);
          lines.changed();
          view.onScrolled();
        }}
        onPointerOver={(event) => {
          if (event.pointerType === 'mouse') pointed.value = keyAt(event.target);
        }}
        onPointerLeave={() => (pointed.value = null)}
      >
        <div class="extent" style={{ height: `${LEAD_PX + lines.heights.total + TAIL_PX}px` }}>
          <EdgeNote edge={view.older.value} load={() => void view.loadOlder()} side="older" />
          <ol ref={window} class="window" style={{ transform: `translateY(${viewport.offsetOf(from)}px)` }}>
            {shown.map((row, index) => {
              const day = dayBefore(lines.rows[from + index - 1], row);
              if (row.kind === 'gap') return <GapRow key={row.key} row={row} load={() => void view.loadGap(row)} />;
              return <LogRow key={row.key} row={row} entry={row.entry} open={row.open} day={day} view={view} active={active === row.key} showContainer={showContainer} />;
            })}
          </ol>
        </div>
      </div>
      {children}
    </div>
  );
}

/** The day a row begins, when the row before it is of another. */
function dayBefore(previous: Row | undefined, row: Row): string | null {
  if (previous === undefined) return null;
  const day = dayOf(Date.parse(row.time), zone.value);
  return dayOf(Date.parse(previous.time), zone.value) === day ? null : day;
}

function keyAt(target: EventTarget | null): string | null {
  return target instanceof Element ? (target.closest<HTMLElement>('[data-key]')?.dataset['key'] ?? null) : null;
}
