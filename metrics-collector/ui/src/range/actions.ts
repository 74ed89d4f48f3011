// What the reader does to the range, from the picker, the keyboard and the charts.
import { go, linkWith, query } from '@monlight/ui/router.ts';

import { rangeChanges, rangeOf, shifted, widened, zoomed, type Range } from './range.ts';

// What was shown before the first drag, for the way back.
let beforeZoom: Range | null = null;

export function setRange(range: Range): void {
  beforeZoom = null;
  go(linkWith(rangeChanges(range)));
}

export function shiftRange(windows: 1 | -1): void {
  setRange(shifted(rangeOf(query.value), windows, Date.now()));
}

export function widenRange(): void {
  setRange(widened(rangeOf(query.value), Date.now()));
}

export function zoomTo(from: number, to: number): void {
  const before = beforeZoom ?? rangeOf(query.value);
  setRange(zoomed(from, to));
  beforeZoom = before;
}

/** Back to what was shown before the drags; without one, twice as much. */
export function leaveZoom(): void {
  if (beforeZoom === null || 'period' in rangeOf(query.value)) widenRange();
  else setRange(beforeZoom);
}
