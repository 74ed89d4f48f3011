// Asks again at an interval while the page is looked at.
//
// It only fetches: what a fresh answer does to the page is the caller's choice, and the rule is
// that it never moves what the reader is looking at.
import { signal } from '@preact/signals';

import { ApiError, isAbort } from './api.ts';

const SLOWEST_MS = 60_000;

export interface Poller {
  start(): void;
  stop(): void;
  /** Asks now and starts the interval anew. */
  ask(): Promise<void>;
}

/** Null while all is well, else why the last answer did not come. */
export const liveFault = signal<string | null>(null);

export function createPoller(run: (signal: AbortSignal) => Promise<void>, everyMs: number): Poller {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let flight: AbortController | null = null;
  let running = false;
  let waitMs = everyMs;

  async function ask(): Promise<void> {
    clearTimeout(timer);
    flight?.abort();
    const own = new AbortController();
    flight = own;
    try {
      await run(own.signal);
      waitMs = everyMs;
      liveFault.value = null;
    } catch (error) {
      if (isAbort(error)) return;
      // The service says how long to wait; without that, twice as long each time.
      const asked = error instanceof ApiError ? error.retryAfterSeconds : null;
      waitMs = Math.min(asked === null ? waitMs * 2 : Math.max(asked * 1000, everyMs), SLOWEST_MS);
      liveFault.value = error instanceof Error ? error.message : String(error);
    }
    if (flight === own) schedule();
  }

  function schedule(): void {
    flight = null;
    clearTimeout(timer);
    if (running && document.visibilityState === 'visible') timer = setTimeout(() => void ask(), waitMs);
  }

  function onVisibility(): void {
    if (document.visibilityState === 'hidden') clearTimeout(timer);
    else if (flight === null) void ask();
  }

  return {
    ask,
    start() {
      if (running) return;
      running = true;
      document.addEventListener('visibilitychange', onVisibility);
      schedule();
    },
    stop() {
      running = false;
      clearTimeout(timer);
      flight?.abort();
      flight = null;
      document.removeEventListener('visibilitychange', onVisibility);
    },
  };
}
