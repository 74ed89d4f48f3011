// How many lines have come since the reader looked away, and the way to them.
import { exactNumber } from '@monlight/ui/number.ts';

import { list } from '../lines/list-model.ts';
import './live.css';

export function NewPill() {
  if (!list.live.value || list.feed.following.value) return null;
  const count = list.feed.newCount.value;
  return (
    <div class="pill-place">
      <button class={`pill ${count === 0 ? 'calm' : ''}`} onClick={() => list.resume()}>
        {count === 0 ? 'Paused' : `${exactNumber(count)} new`} <span aria-hidden="true">↓</span>
        <span class="visually-hidden">Go to the newest line</span>
      </button>
    </div>
  );
}
