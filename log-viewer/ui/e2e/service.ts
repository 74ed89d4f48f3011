// Starts the real service on a free port, reading containers that are folders written by the test.
import { spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const API_KEY = 'a-key-for-end-to-end-tests';

const START_DEADLINE_MS = 20_000;
const ASK_AGAIN_MS = 50;

export interface Service {
  address: string;
  /** Makes a container that Docker would list under this name. */
  addContainer(name: string): FakeContainer;
  stop(): Promise<void>;
}

export interface FakeContainer {
  /** Writes lines as Docker's json-file driver does. */
  write(lines: string[], stream?: 'stdout' | 'stderr'): void;
}

export async function startService(): Promise<Service> {
  const binary = process.env['LOG_VIEWER_BIN'];
  if (!binary) throw new Error('set LOG_VIEWER_BIN to the log-viewer binary to test');
  const folder = mkdtempSync(join(tmpdir(), 'log-viewer-e2e-'));
  const sources = join(folder, 'containers');
  mkdirSync(sources);
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(binary, [], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      LISTEN: address,
      API_KEY,
      DATABASE_PATH: join(folder, 'logs.db'),
      LOG_SOURCES: sources,
      POLL_INTERVAL: '1',
      LOG_LEVEL: 'warn',
    },
  });
  await untilHealthy(`http://${address}/health`, child);
  let made = 0;
  return {
    address: `http://${address}/`,
    addContainer: (name) => addContainer(sources, name, ++made),
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      if (child.exitCode === null && child.kill('SIGTERM')) await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function addContainer(sources: string, name: string, number: number): FakeContainer {
  const id = number.toString(16).padStart(64, 'a');
  const folder = join(sources, id);
  const file = join(folder, `${id}-json.log`);
  mkdirSync(folder);
  writeFileSync(file, '');
  const config = {
    ID: id,
    Name: `/${name}`,
    LogPath: file,
    State: { Running: true },
    Config: { Image: 'shop:1', Labels: { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': name } },
  };
  writeFileSync(join(folder, 'config.v2.json'), JSON.stringify(config));
  return {
    write(lines, stream = 'stdout') {
      const records = lines.map((line) => JSON.stringify({ log: `${line}\n`, stream, time: new Date().toISOString().replace('Z', '000000Z') }));
      appendFileSync(file, `${records.join('\n')}\n`);
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

async function untilHealthy(address: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_DEADLINE_MS;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the service ended with ${child.exitCode}`);
    const healthy = await fetch(address).then((reply) => reply.ok, () => false);
    if (healthy) return;
    if (Date.now() > deadline) throw new Error('the service did not become healthy');
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
  }
}
