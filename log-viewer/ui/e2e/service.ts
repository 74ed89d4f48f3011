// Starts the real service on a free port, reading containers that are folders written by the test.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { API_KEY, binaryFrom, endProcess, freePort, startProcess, until, untilAnswering } from '../../../shared/ui/e2e/process.ts';
import { addContainer, type FakeContainer } from './containers.ts';

export interface Service {
  address: string;
  /** The folder of the containers. It does not exist before the first of them. */
  sources: string;
  /** Makes a container that Docker would list under this name. */
  addContainer(name: string, project?: string): FakeContainer;
  /** Waits until it has read so many lines that a search finds; without one, of all. */
  untilKnown(lines: number, search?: string): Promise<void>;
  /** Ends it and starts it again, at the same address and with the same database. */
  restart(meanwhile: () => void): Promise<void>;
  stop(): Promise<void>;
}

export async function startService(settings: Record<string, string> = {}): Promise<Service> {
  const binary = binaryFrom('LOG_VIEWER_BIN');
  const folder = mkdtempSync(join(tmpdir(), 'log-viewer-e2e-'));
  const sources = join(folder, 'containers');
  const address = `127.0.0.1:${await freePort()}`;
  const start = () =>
    startProcess(binary, {
      LISTEN: address,
      DATABASE_PATH: join(folder, 'logs.db'),
      LOG_SOURCES: sources,
      POLL_INTERVAL: '1',
      // A missing folder is what one test is about.
      LOG_LEVEL: 'error',
      ...settings,
    });
  let child = start();
  await untilAnswering(address, child);
  let made = 0;
  return {
    address: `http://${address}/`,
    sources,
    addContainer(name, project = 'shop') {
      mkdirSync(sources, { recursive: true });
      return addContainer(sources, { name, project, number: ++made });
    },
    untilKnown: (lines, search = '') => until(`it knows ${lines} lines`, async () => {
      const reply = await fetch(`http://${address}/api/logs?limit=1&search=${search}`, { headers: { 'X-API-Key': API_KEY } });
      return ((await reply.json()) as { total: number }).total >= lines;
    }),
    async restart(meanwhile) {
      await endProcess(child);
      meanwhile();
      child = start();
      await untilAnswering(address, child);
    },
    async stop() {
      await endProcess(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
