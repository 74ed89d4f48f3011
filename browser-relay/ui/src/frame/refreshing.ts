// How a page is kept up to date while it is looked at.
import { createPoller, type Poller } from '@monlight/ui/live.ts';
import { useEffect } from 'preact/hooks';

let shown: Poller | null = null;

/** Asks again and again while the component is shown. */
export function useRefreshing(run: (signal: AbortSignal) => Promise<void>, everyMs: number): void {
  useEffect(() => {
    const poller = createPoller(run, everyMs);
    shown = poller;
    poller.start();
    return () => {
      poller.stop();
      if (shown === poller) shown = null;
    };
  }, []);
}

/** Asks now. */
export function refreshNow(): void {
  void shown?.ask();
}
