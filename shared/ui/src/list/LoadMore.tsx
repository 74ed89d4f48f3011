// The way on at the end of a list that goes on, and how much of it is there.
import { showFault } from '../feedback/toast.ts';
import './list.css';

export interface LoadMoreProps {
  /** Such as "100 of 5 000". */
  shown: string;
  busy: boolean;
  load: () => Promise<void>;
}

export function LoadMore({ shown, busy, load }: LoadMoreProps) {
  return (
    <p class="more">
      <span class="muted">Showing {shown}</span>
      <button class="button" disabled={busy} onClick={() => void load().catch(showFault)}>
        Load more
      </button>
    </p>
  );
}
