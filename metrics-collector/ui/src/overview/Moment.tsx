// Which moment the figures are of: the one pointed at, or what they are otherwise.
import { zone } from '@monlight/ui/preferences.ts';
import { clockText, DAY, dateText } from '@monlight/ui/time.ts';
import type { Signal } from '@preact/signals';

import type { Grid } from '../grid.ts';

export function Moment({ grid, hovered, otherwise }: { grid: Grid; hovered: Signal<number | null>; otherwise: string }) {
  const index = hovered.value;
  const at = index === null ? undefined : grid.times[index];
  if (index === null || at === undefined) return <span class="moment-read">{otherwise}</span>;
  const day = grid.to - grid.from > DAY / 2 ? `${dateText(at, at, zone.value)} ` : '';
  const running = index >= grid.runningFrom ? ', still running' : '';
  return <span class="moment-read now">{`${day}${clockText(at, zone.value)}${running}`}</span>;
}
