// One entry: when, how bad, from where, and what it says.
import { zone } from '@monlight/ui/preferences.ts';
import { clockWithMs } from '@monlight/ui/time.ts';
import { lazy } from '@monlight/ui/feedback/Lazy.tsx';
import { useEffect, useMemo, useRef } from 'preact/hooks';

import { hueStyle } from '../containers/color.ts';
import { exactTime } from '../text/exact-time.ts';
import type { Entry } from '../wire.ts';
import { LineText } from './LineText.tsx';
import type { EntryRow } from './row.ts';
import { RowActions } from './RowActions.tsx';
import type { LogView } from './view.ts';
import './row.css';
import './ansi.css';

const { Lazy: LineDetail, prefetch } = lazy(() => import('./LineDetail.tsx').then((module) => module.LineDetail));
export const prefetchDetail = prefetch;

const SHORT = { DEBUG: 'DBG', INFO: 'INF', WARNING: 'WRN', ERROR: 'ERR', CRITICAL: 'CRT' };

export interface LogRowProps {
  row: EntryRow;
  // Given besides the row, which stays the same while these change.
  entry: Entry;
  open: boolean;
  day: string | null;
  view: LogView;
  active: boolean;
  showContainer: boolean;
}

export function LogRow({ row, entry, open, day, view, active, showContainer }: LogRowProps) {
  const needles = view.needles.value;
  const current = view.cursor.value === entry.id;
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (current) takeFocus(button.current);
  }, [current]);
  const toggle = () => {
    view.cursor.value = entry.id;
    view.lines.setOpen(row, !row.open);
  };
  const body = useMemo(() => <LineText entry={entry} open={open} needles={needles} />, [entry, open, needles]);
  const clock = clockWithMs(Date.parse(entry.timestamp), zone.value);
  return (
    <li
      data-key={row.key}
      class={`line level-${entry.level.toLowerCase()} ${current ? 'current' : ''} ${view.marked === entry.id ? 'marked' : ''} ${open ? 'open' : ''}`}
      onClick={(event) => {
        if (!isOwnClick(event)) return;
        toggle();
      }}
    >
      {day !== null && <div class="day">{day}</div>}
      <div class="line-row">
        <button
          ref={button}
          class="line-time"
          tabIndex={current ? 0 : -1}
          title={active ? `${exactTime(entry.timestamp, 'local')}\n${exactTime(entry.timestamp, 'utc')}` : undefined}
          aria-expanded={open}
          aria-label={`${clock} ${entry.level}`}
          onClick={toggle}
        >
          {clock}
        </button>
        <span class="line-level" aria-hidden="true">{SHORT[entry.level]}</span>
        {showContainer && (
          <span class="line-container" style={hueStyle(entry.container)} title={active ? entry.container : undefined}>
            {entry.container}
          </span>
        )}
        {body}
        {active && !open && <RowActions row={row} view={view} />}
      </div>
      {open && <LineDetail entry={entry} />}
    </li>
  );
}

/** So that a screen reader reads the row the cursor is on; never away from another control. */
function takeFocus(button: HTMLElement | null): void {
  const focused = document.activeElement;
  if (focused === null || focused === document.body || focused.closest('.scroller')) button?.focus({ preventScroll: true });
}

/** A click on the row itself: on no control, and not the end of selecting text. */
function isOwnClick(event: MouseEvent): boolean {
  if (!(event.target instanceof Element) || event.target.closest('a, button, summary, .line-detail')) return false;
  return event.button === 0 && (getSelection()?.toString() ?? '') === '';
}
