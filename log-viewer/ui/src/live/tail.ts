// The stream of new lines, kept open for as long as it is wanted.
//
// The browser resumes a stream that ended by itself and names the last id it saw. What it does not
// do: sign in again, and try again after a proxy's refusal. That, and a stream that has gone silent,
// is seen to here.
import { api, isAbort } from '@monlight/ui/api.ts';
import { signal } from '@preact/signals';

import type { Entry } from '../wire.ts';

export type TailState = 'off' | 'connecting' | 'open' | 'waiting';

export interface TailEvents {
  onEntry(entry: Entry): void;
  /** An entry again, fuller; perhaps only now one that the filters let through. */
  onAmend(entry: Entry): void;
  onDropped(count: number): void;
}

/** Three heartbeats. */
const SILENCE_MS = 45_000;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;

export function createTail(events: TailEvents) {
  const state = signal<TailState>('off');
  let stream: EventSource | null = null;
  let addressNow = () => '';
  let timer: ReturnType<typeof setTimeout> | undefined;
  let probe: AbortController | null = null;
  let heardAt = 0;
  let waitMs = FIRST_WAIT_MS;

  function connect(): void {
    const own = new EventSource(addressNow());
    stream = own;
    state.value = 'connecting';
    heardAt = Date.now();
    const on = <T>(name: string, run: (data: T) => void) =>
      own.addEventListener(name, (event) => {
        heardAt = Date.now();
        if (own === stream) run(JSON.parse((event as MessageEvent<string>).data) as T);
      });
    on<Entry>('log', events.onEntry);
    on<Entry>('amend', events.onAmend);
    on<{ count: number }>('dropped', ({ count }) => events.onDropped(count));
    on('heartbeat', () => undefined);
    // Whatever the reason: the browser comes back, and is refused if that is what was meant.
    on('close', () => (state.value = 'connecting'));
    own.onopen = () => {
      if (own !== stream) return;
      heardAt = Date.now();
      state.value = 'open';
      waitMs = FIRST_WAIT_MS;
    };
    own.onerror = () => {
      if (own !== stream) return;
      if (own.readyState === EventSource.CLOSED) later();
      else state.value = 'connecting';
    };
    watch();
  }

  function watch(): void {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (Date.now() - heardAt < SILENCE_MS) return watch();
      stream?.close();
      later();
    }, SILENCE_MS);
  }

  function later(): void {
    stream = null;
    state.value = 'waiting';
    clearTimeout(timer);
    timer = setTimeout(() => void tryAgain(), waitMs);
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
  }

  /** An ordinary request says what the matter is, and waits for the reader to sign in. */
  async function tryAgain(): Promise<void> {
    const own = new AbortController();
    probe = own;
    try {
      await api('about', { signal: own.signal });
      if (!own.signal.aborted) connect();
    } catch (error) {
      if (!isAbort(error)) later();
    }
  }

  return {
    state,

    /** The address says where to go on, so it is asked for with each new stream. */
    start(address: () => string): void {
      this.stop();
      addressNow = address;
      waitMs = FIRST_WAIT_MS;
      connect();
    },

    stop(): void {
      clearTimeout(timer);
      probe?.abort();
      stream?.close();
      stream = null;
      state.value = 'off';
    },
  };
}
