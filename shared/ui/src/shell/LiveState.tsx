// Says whether the page is kept up to date, and asks again at a click.
import { liveFault } from '../live.ts';

export interface LiveStateProps {
  /** What is done while all is well, such as "Asks for new reports every 10 s." */
  title: string;
  again: () => void;
}

export function LiveState({ title, again }: LiveStateProps) {
  const fault = liveFault.value;
  return (
    <button class={`button quiet small live-state ${fault ? 'fault' : ''}`} title={fault ? `${fault} Click to try again.` : title} onClick={again}>
      <i class="live-dot" />
      <span>{fault ? 'Not live' : 'Live'}</span>
    </button>
  );
}
