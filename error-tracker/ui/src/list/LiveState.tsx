// Says whether the list is kept up to date, and asks again at a click.
import { liveFault } from '@monlight/ui/live.ts';

import { list } from './list-model.ts';
import './filter-bar.css';

export function LiveState() {
  const fault = liveFault.value;
  return (
    <button
      class={`button quiet small live-state ${fault ? 'fault' : ''}`}
      title={fault ? `${fault} Click to try again.` : 'Asks for new reports every 10 s. Click to load the list again.'}
      onClick={() => void list.reload()}
    >
      <i class="live-dot" />
      <span>{fault ? 'Not live' : 'Live'}</span>
    </button>
  );
}
