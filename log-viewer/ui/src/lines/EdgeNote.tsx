// What is beyond the first or last row: more, nothing, or a fault.
import { zone } from '@monlight/ui/preferences.ts';
import { exactNumber } from '@monlight/ui/number.ts';
import { absoluteTime } from '@monlight/ui/time.ts';

import { MOST_ROWS, type Edge } from './view.ts';

export function EdgeNote({ edge, load, side }: { edge: Edge; load: () => void; side: 'older' | 'newer' }) {
  return (
    <div class={`edge ${side}`} role="status">
      {content(edge, load, side)}
    </div>
  );
}

function content(edge: Edge, load: () => void, side: 'older' | 'newer') {
  switch (edge.kind) {
    case 'more':
      return <button class="link-button" onClick={load}>Load {side} lines</button>;
    case 'loading':
      return `Loading ${side} lines …`;
    case 'end':
      return side === 'older' ? 'This is the beginning' : '';
    case 'full':
      return `${exactNumber(MOST_ROWS)} lines are loaded. Choose an earlier time to see older ones.`;
    case 'halted':
      return (
        <>
          {edge.searchedTo === null ? 'The search took too long.' : `Searched back to ${absoluteTime(Date.parse(edge.searchedTo), zone.value)}.`}{' '}
          <button class="link-button" onClick={load}>Go on</button>
        </>
      );
    case 'failed':
      return (
        <>
          <span class="edge-fault">{edge.error instanceof Error ? edge.error.message : String(edge.error)}</span>{' '}
          <button class="link-button" onClick={load}>Try again</button>
        </>
      );
  }
}
