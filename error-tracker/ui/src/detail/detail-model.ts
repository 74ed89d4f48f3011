// One error as it is shown: the error, its timeline and which occurrence is looked at.
import { isAbort } from '@monlight/ui/api.ts';
import { createPoller } from '@monlight/ui/live.ts';
import { computed, signal } from '@preact/signals';

import { readError, readTimeline } from '../errors-api.ts';
import type { ErrorDetail, Occurrence, Timeline } from '../wire.ts';

const LIVE_MS = 10_000;

export function createDetailModel(id: number) {
  const detail = signal<ErrorDetail | null>(null);
  const fault = signal<unknown>(null);
  const timeline = signal<Timeline | null>(null);
  const timelineFault = signal<unknown>(null);
  /** Reports that came in since the page was read; shown on demand. */
  const waiting = signal<ErrorDetail | null>(null);

  const poller = createPoller(async (signal) => {
    const shown = detail.peek();
    if (!shown) return;
    const fresh = await readError(id, signal);
    if (fresh.count === shown.count) {
      detail.value = { ...shown, resolved: fresh.resolved, ignored: fresh.ignored, regressed: fresh.regressed };
    } else {
      waiting.value = fresh;
    }
  }, LIVE_MS);

  async function loadTimeline(): Promise<void> {
    timelineFault.value = null;
    try {
      timeline.value = await readTimeline(id);
    } catch (error) {
      timelineFault.value = error;
    }
  }

  return {
    id, detail, fault, timeline, timelineFault, waiting, poller, loadTimeline,
    newReports: computed(() => (waiting.value && detail.value ? waiting.value.count - detail.value.count : 0)),

    async load(): Promise<void> {
      fault.value = null;
      try {
        detail.value = await readError(id);
      } catch (error) {
        if (!isAbort(error)) fault.value = error;
      }
    },

    applyWaiting(): void {
      if (waiting.value) detail.value = waiting.value;
      waiting.value = null;
      void loadTimeline();
    },

    patch(change: Partial<ErrorDetail>): void {
      if (detail.value) detail.value = { ...detail.value, ...change };
    },
  };
}

export type DetailModel = ReturnType<typeof createDetailModel>;

/** The occurrence the address names, or the newest. -1 when none is kept. */
export function indexOfOccurrence(occurrences: readonly Occurrence[], wanted: string | null): number {
  if (occurrences.length === 0) return -1;
  const index = occurrences.findIndex((one) => String(one.id) === wanted);
  return Math.max(index, 0);
}
