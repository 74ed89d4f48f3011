// Starts the real service on a free port, with a database of its own and two peers that are not real.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { API_KEY, binaryFrom, endProcess, freePort, startProcess, untilAnswering } from '../../../shared/ui/e2e/process.ts';
import { startPeer, type FakePeer } from './peer.ts';

export interface Service {
  address: string;
  tracker: FakePeer;
  collector: FakePeer;
  /** Asks the API as the administrator. */
  admin(path: string, body?: unknown): Promise<Response>;
  stop(): Promise<void>;
}

export interface Wanted {
  /** Keys to be there at the start: project:key, separated by commas. */
  keys?: string;
  settings?: Record<string, string>;
}

export async function startService({ keys = '', settings = {} }: Wanted = {}): Promise<Service> {
  const binary = binaryFrom('BROWSER_RELAY_BIN');
  const folder = mkdtempSync(join(tmpdir(), 'browser-relay-e2e-'));
  const [tracker, collector] = [await startPeer(), await startPeer()];
  const address = `127.0.0.1:${await freePort()}`;
  const keysFile = join(folder, 'keys');
  writeFileSync(keysFile, keys);
  const child = startProcess(binary, {
    LISTEN: address,
    DATABASE_PATH: join(folder, 'relay.db'),
    LOG_LEVEL: 'error',
    ADMIN_API_KEY: API_KEY,
    ERROR_TRACKER_URL: tracker.address,
    ERROR_TRACKER_API_KEY: API_KEY,
    METRICS_COLLECTOR_URL: collector.address,
    METRICS_COLLECTOR_API_KEY: API_KEY,
    ...(keys !== '' && { DSN_KEYS_FILE: keysFile }),
    ...settings,
  });
  await untilAnswering(address, child);
  return {
    address: `http://${address}/`,
    tracker,
    collector,
    admin: (path, body) =>
      fetch(`http://${address}/api/${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { 'X-API-Key': API_KEY, 'Content-Type': 'application/json' },
        body: body === undefined ? null : JSON.stringify(body),
      }),
    async stop() {
      await endProcess(child);
      await Promise.all([tracker.leave(), collector.leave()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
