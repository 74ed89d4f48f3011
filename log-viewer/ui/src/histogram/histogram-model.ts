// The counts over time for the present filters.
import { createPoller } from '@monlight/ui/live.ts';
import { signal } from '@preact/signals';

import { asLogQuery, isLive, LIVE_HISTOGRAM, narrowingQuery } from '../filters/address.ts';
import { readHistogram, type LogQuery } from '../logs-api.ts';
import type { Histogram } from '../wire.ts';

const BUCKETS = 80;
const EVERY_MS = 10_000;

export const histogram = signal<Histogram | null>(null);

let query: LogQuery = {};

export const histogramPoller = createPoller(async (signal) => {
  histogram.value = await readHistogram({ ...query, buckets: BUCKETS }, signal);
}, EVERY_MS);

/** The old bars stay until the new ones are here. */
export function openHistogram(params: URLSearchParams): void {
  query = isLive(params) ? { ...narrowingQuery(params), since: LIVE_HISTOGRAM } : asLogQuery(params);
  void histogramPoller.ask();
}
