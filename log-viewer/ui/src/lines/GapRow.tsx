// Lines that are missing here, and the way to load them.
import { exactNumber } from '@monlight/ui/number.ts';

import type { GapRow as Gap } from './row.ts';

export function GapRow({ row, load }: { row: Gap; load: () => void }) {
  const what =
    row.count === null
      ? 'Lines may be missing here'
      : `${exactNumber(row.count)} ${row.count === 1 ? 'line' : 'lines'} skipped, the stream was faster than this page`;
  return (
    <li data-key={row.key} class="gap">
      <span>{what}</span>
      <button class="link-button" disabled={row.loading} onClick={load}>
        {row.loading ? 'Loading …' : 'Load them'}
      </button>
    </li>
  );
}
