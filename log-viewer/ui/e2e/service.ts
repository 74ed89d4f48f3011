// Starts the real service on a free port, reading containers that are folders written by the test.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { addContainer, type FakeContainer } from './containers.ts';

export const API_KEY = 'a-key-for-end-to-end-tests';

const DEADLINE_MS = 30_000;
const ASK_AGAIN_MS = 50;

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
  const binary = process.env['LOG_VIEWER_BIN'];
  if (!binary) throw new Error('set LOG_VIEWER_BIN to the log-viewer binary to test');
  const folder = mkdtempSync(join(tmpdir(), 'log-viewer-e2e-'));
  const sources = join(folder, 'containers');
  const address = `127.0.0.1:${await freePort()}`;
  const start = () =>
    spawn(binary, [], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {
        PATH: process.env['PATH'],
        LISTEN: address,
        API_KEY,
        DATABASE_PATH: join(folder, 'logs.db'),
        LOG_SOURCES: sources,
        POLL_INTERVAL: '1',
        // A missing folder is what one test is about.
        LOG_LEVEL: 'error',
        ...settings,
      },
    });
  let child = start();
  await untilHealthy(`http://${address}/health`, child);
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
      await end(child);
      meanwhile();
      child = start();
      await untilHealthy(`http://${address}/health`, child);
    },
    async stop() {
      await end(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  if (child.exitCode === null && child.kill('SIGTERM')) await ended;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

/** A missing log folder makes it degraded, which is an answer too. */
function untilHealthy(address: string, child: ChildProcess): Promise<void> {
  return until('the service answers', () => {
    if (child.exitCode !== null) throw new Error(`the service ended with ${child.exitCode}`);
    return fetch(address).then(() => true, () => false);
  });
}

async function until(claim: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`it did not come true that ${claim}`);
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
  }
}
