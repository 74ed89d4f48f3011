// Says whether new lines are coming in, and turns that on and off.
import { go, linkWith, query } from '@monlight/ui/router.ts';

import { isLive, rangeChanges } from '../filters/address.ts';
import { list } from '../lines/list-model.ts';
import './live.css';

export function LiveState() {
  const live = isLive(query.value);
  const { kind, words, title } = stateInWords(live);
  return (
    <button class={`button quiet small live-state ${kind}`} aria-pressed={live} aria-label={words} title={title} onClick={toggleLive}>
      <i class="live-dot" />
      <span>{words}</span>
    </button>
  );
}

export function toggleLive(): void {
  go(linkWith(rangeChanges(isLive(query.value) ? 'all' : 'live')));
}

function stateInWords(live: boolean): { kind: string; words: string; title: string } {
  if (!live) return { kind: 'off', words: 'Go live', title: 'Show new lines as they come' };
  if (list.feed.tail.state.value === 'waiting') return { kind: 'fault', words: 'Not live', title: 'The service cannot be reached. Trying again.' };
  if (list.feed.tail.state.value !== 'open') return { kind: 'off', words: 'Connecting', title: 'Waiting for the stream of new lines' };
  if (!list.feed.following.value) return { kind: 'paused', words: 'Paused', title: 'New lines wait until the end is in view. Click to stop them.' };
  return { kind: 'on', words: 'Live', title: 'New lines are shown as they come. Click to stop that.' };
}
