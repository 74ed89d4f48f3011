// What a page shows and how it comes: asked once for each address, then again and again.
import { isAbort } from '@monlight/ui/api.ts';
import { showFault } from '@monlight/ui/feedback/toast.ts';
import { createPoller, liveFault } from '@monlight/ui/live.ts';
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { refreshEveryMs } from './refresh.ts';

export type Read<T> = (signal: AbortSignal) => Promise<T>;

export function createLoading<T>() {
  const shown = signal<T | null>(null);
  const fault = signal<unknown>(null);
  /** True while another address is on its way; what is shown until then is the old one's. */
  const busy = signal(false);
  let read: Read<T> | null = null;
  let flight: AbortController | null = null;

  async function open(question: Read<T>): Promise<void> {
    read = question;
    flight?.abort();
    const own = new AbortController();
    flight = own;
    busy.value = true;
    try {
      shown.value = await question(own.signal);
      fault.value = null;
      liveFault.value = null;
    } catch (error) {
      if (isAbort(error)) return;
      fault.value = error;
    }
    busy.value = false;
  }

  /** When it fails, the old answer stays. */
  async function refresh(signal?: AbortSignal): Promise<void> {
    const question = read;
    if (question === null || busy.peek()) return;
    const answer = await question(signal ?? new AbortController().signal);
    if (question !== read) return;
    shown.value = answer;
    fault.value = null;
  }

  return {
    shown,
    fault,
    busy,
    open,
    refresh,

    /** What the reader asks for by hand. Only a page with nothing to lose shows why it failed. */
    async again(): Promise<void> {
      if (read === null) return;
      if (shown.peek() === null || fault.peek() !== null) return open(read);
      try {
        await refresh();
        liveFault.value = null;
      } catch (error) {
        if (!isAbort(error)) showFault(error);
      }
    },

    forget(): void {
      flight?.abort();
      read = null;
      shown.value = fault.value = null;
      busy.value = false;
    },
  };
}

export type Loading<T> = ReturnType<typeof createLoading<T>>;

/** Asks for each new key, and again at the interval the reader chose. */
export function useLoading<T>(loading: Loading<T>, key: string, read: Read<T>): void {
  useEffect(() => void loading.open(read), [key]);
  const everyMs = refreshEveryMs.value;
  useEffect(() => {
    if (everyMs === null) return;
    const poller = createPoller(loading.refresh, everyMs);
    poller.start();
    return () => poller.stop();
  }, [key, everyMs]);
}
