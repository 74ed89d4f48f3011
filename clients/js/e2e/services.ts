// The relay with the tracker and the collector behind it, each on a free port with a database of its own.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { API_KEY, binaryFrom, endProcess, freePort, startProcess, untilAnswering } from '../../../shared/ui/e2e/process.ts';

export const DSN_KEY = '0123456789abcdef0123456789abcdef';

export interface StoredError {
  id: number;
  exception_type: string;
  message: string;
  count: number;
}

export interface Services {
  /** Where browsers reach the relay. */
  relay: string;
  errors(): Promise<StoredError[]>;
  error(id: number): Promise<any>;
  /** Of a metric: how many values, and their sum, by one of its labels. */
  values(name: string, type: 'counter' | 'histogram', label: string): Promise<Record<string, { count: number; sum: number }>>;
  stop(): Promise<void>;
}

export async function startServices(): Promise<Services> {
  const folder = mkdtempSync(join(tmpdir(), 'monlight-browser-e2e-'));
  const start = async (variable: string, settings: Record<string, string> = {}) => {
    const address = `127.0.0.1:${await freePort()}`;
    const database = join(folder, `${variable}.db`);
    const child = startProcess(binaryFrom(variable), { LISTEN: address, DATABASE_PATH: database, LOG_LEVEL: 'error', ...settings });
    await untilAnswering(address, child);
    return { url: `http://${address}`, child };
  };
  const tracker = await start('ERROR_TRACKER_BIN');
  const collector = await start('METRICS_COLLECTOR_BIN');
  const relay = await start('BROWSER_RELAY_BIN', {
    ADMIN_API_KEY: API_KEY,
    ERROR_TRACKER_URL: tracker.url,
    ERROR_TRACKER_API_KEY: API_KEY,
    METRICS_COLLECTOR_URL: collector.url,
    METRICS_COLLECTOR_API_KEY: API_KEY,
    DSN_KEYS: `shop:${DSN_KEY}`,
    RATE_LIMIT: '100000',
  });
  const ask = async (url: string) => {
    const reply = await fetch(url, { headers: { 'X-API-Key': API_KEY } });
    if (!reply.ok) throw new Error(`${url}: ${reply.status} ${await reply.text()}`);
    return (await reply.json()) as any;
  };
  return {
    relay: relay.url,
    errors: async () => (await ask(`${tracker.url}/api/errors?limit=200`)).errors,
    error: (id) => ask(`${tracker.url}/api/errors/${id}`),
    async values(name, type, label) {
      const reply = await ask(`${collector.url}/api/metrics?name=${name}&type=${type}&period=1h&group_by=${label}`);
      const found: Record<string, { count: number; sum: number }> = {};
      for (const { labels, data } of reply.series as { labels: Record<string, string>; data: { count: number; sum: number }[] }[]) {
        const total = (member: 'count' | 'sum') => data.reduce((all, bucket) => all + bucket[member], 0);
        found[labels[label] ?? ''] = { count: total('count'), sum: total('sum') };
      }
      return found;
    },
    async stop() {
      for (const { child } of [relay, tracker, collector]) await endProcess(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
