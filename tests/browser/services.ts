// Error tracker, metrics collector and browser relay as processes of their own, each with a database of its own.
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { API_KEY, binaryFrom, endProcess, freePort, startProcess, untilAnswering } from '../../shared/ui/e2e/process.ts';

const TRACKER_KEY = 'a-key-of-the-error-tracker';
const COLLECTOR_KEY = 'a-key-of-the-metrics-collector';

/** One service, for those who have its key. */
export interface Service {
  address: string;
  get(path: string): Promise<any>;
  post(path: string, body: object): Promise<any>;
  /** One of its own figures, without the name of the service. */
  figure(name: string): Promise<number>;
}

export interface Services {
  tracker: Service;
  collector: Service;
  relay: Service;
  stop(): Promise<void>;
}

export async function startServices(): Promise<Services> {
  const folder = mkdtempSync(join(tmpdir(), 'end-to-end-'));
  const children: ChildProcess[] = [];
  async function start(variable: string, apiKey: string, settings: Record<string, string>): Promise<Service> {
    const address = `127.0.0.1:${await freePort()}`;
    const common = { LISTEN: address, DATABASE_PATH: join(folder, `${variable}.db`), LOG_LEVEL: 'warn', API_KEY: apiKey };
    const child = startProcess(binaryFrom(variable), { ...common, ...settings });
    children.push(child);
    await untilAnswering(address, child);
    return service(`http://${address}`, apiKey);
  }
  async function stop() {
    // The relay first: it hands on what it has.
    for (const child of children.toReversed()) await endProcess(child);
    rmSync(folder, { recursive: true, force: true });
  }
  try {
    const tracker = await start('ERROR_TRACKER_BIN', TRACKER_KEY, {});
    const collector = await start('METRICS_COLLECTOR_BIN', COLLECTOR_KEY, {});
    const relay = await start('BROWSER_RELAY_BIN', API_KEY, {
      ADMIN_API_KEY: API_KEY,
      ERROR_TRACKER_URL: tracker.address,
      ERROR_TRACKER_API_KEY: TRACKER_KEY,
      METRICS_COLLECTOR_URL: collector.address,
      METRICS_COLLECTOR_API_KEY: COLLECTOR_KEY,
    });
    return { tracker, collector, relay, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function service(address: string, apiKey: string): Service {
  async function ask(path: string, request: RequestInit = {}): Promise<string> {
    const headers = { 'X-API-Key': apiKey, 'Content-Type': 'application/json' };
    const reply = await fetch(address + path, { ...request, headers });
    const answer = await reply.text();
    if (!reply.ok) throw new Error(`${path}: ${reply.status} ${answer}`);
    return answer;
  }
  return {
    address,
    get: async (path) => JSON.parse(await ask(path)),
    post: async (path, body) => JSON.parse(await ask(path, { method: 'POST', body: JSON.stringify(body) })),
    async figure(name) {
      const line = (await ask('/metrics')).split('\n').find((line) => line.startsWith('monlight_') && line.includes(`_${name} `));
      if (line === undefined) throw new Error(`there is no figure ${name}`);
      return Number(line.split(' ').at(-1));
    },
  };
}
