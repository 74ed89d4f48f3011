// The four services as processes of their own, each with a database of its own, and the folder that Docker would have.
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { API_KEY, binaryFrom, endProcess, freePort, startProcess, untilAnswering } from '../../shared/ui/e2e/process.ts';

/** One service, for those who have its key. */
export interface Service {
  address: string;
  key: string;
  get(path: string): Promise<any>;
  post(path: string, body: object): Promise<any>;
  /** Asks as it is told to, with the key, and takes whatever comes. */
  ask(path: string, request?: RequestInit): Promise<Response>;
  /** One of its own figures, without the name of the service. */
  figure(name: string): Promise<number>;
  /** What it has logged so far, unless that went to the screen. */
  log(): string;
  /** True until it ends. */
  runs(): boolean;
}

export interface Services {
  tracker: Service;
  logs: Service;
  collector: Service;
  relay: Service;
  /** The folder of the containers. */
  containers: string;
  stop(): Promise<void>;
}

/** With `logged`, each logs all that it can, in this form, to be read with `log`. */
export async function startServices(logged?: 'json' | 'text'): Promise<Services> {
  const folder = mkdtempSync(join(tmpdir(), 'end-to-end-'));
  const containers = join(folder, 'containers');
  mkdirSync(containers);
  const children: ChildProcess[] = [];
  async function start(name: string, apiKey: string, settings: Record<string, string>): Promise<Service> {
    const address = `127.0.0.1:${await freePort()}`;
    const common = { LISTEN: address, DATABASE_PATH: join(folder, `${name}.db`), LOG_LEVEL: 'warn', RATE_LIMIT: '1000000', API_KEY: apiKey };
    const log = join(folder, `${name}.log`);
    const output = logged && openSync(log, 'w');
    const loud: Record<string, string> = logged ? { LOG_LEVEL: 'trace', LOG_FORMAT: logged } : {};
    const child = startProcess(binaryFrom(name), { ...common, ...settings, ...loud }, output);
    if (output !== undefined) closeSync(output);
    children.push(child);
    await untilAnswering(address, child);
    return service(`http://${address}`, apiKey, child, log);
  }
  async function stop() {
    // The relay first: it hands on what it has.
    for (const child of children.toReversed()) await endProcess(child);
    rmSync(folder, { recursive: true, force: true });
  }
  try {
    const logs = await start('LOG_VIEWER_BIN', 'a-key-of-the-log-viewer', { LOG_SOURCES: containers, POLL_INTERVAL: '1' });
    const tracker = await start('ERROR_TRACKER_BIN', 'a-key-of-the-error-tracker', { LOG_VIEWER_URL: logs.address });
    const collector = await start('METRICS_COLLECTOR_BIN', 'a-key-of-the-metrics-collector', {});
    const relay = await start('BROWSER_RELAY_BIN', API_KEY, {
      ADMIN_API_KEY: API_KEY,
      ERROR_TRACKER_URL: tracker.address,
      ERROR_TRACKER_API_KEY: tracker.key,
      METRICS_COLLECTOR_URL: collector.address,
      METRICS_COLLECTOR_API_KEY: collector.key,
    });
    return { tracker, logs, collector, relay, containers, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function service(address: string, key: string, child: ChildProcess, log: string): Service {
  function ask(path: string, request: RequestInit = {}): Promise<Response> {
    const headers = { 'X-API-Key': key, 'Content-Type': 'application/json', ...request.headers };
    return fetch(address + path, { ...request, headers });
  }
  async function answer(path: string, request: RequestInit = {}): Promise<string> {
    const reply = await ask(path, request);
    const text = await reply.text();
    if (!reply.ok) throw new Error(`${path}: ${reply.status} ${text}`);
    return text;
  }
  return {
    address,
    key,
    ask,
    get: async (path) => JSON.parse(await answer(path)),
    post: async (path, body) => JSON.parse(await answer(path, { method: 'POST', body: JSON.stringify(body) })),
    async figure(name) {
      const line = (await answer('/metrics')).split('\n').find((line) => line.startsWith('monlight_') && line.includes(`_${name} `));
      if (line === undefined) throw new Error(`there is no figure ${name}`);
      return Number(line.split(' ').at(-1));
    },
    log: () => readFileSync(log, 'utf8'),
    runs: () => child.exitCode === null && child.signalCode === null,
  };
}
