// Starts the real service on a free port with a database of its own.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const API_KEY = 'a-key-for-end-to-end-tests';

const START_DEADLINE_MS = 20_000;
const ASK_AGAIN_MS = 50;

export interface Service {
  address: string;
  report(fields: Record<string, unknown>): Promise<Answer>;
  stop(): Promise<void>;
}

export interface Answer {
  status: string;
  id: number;
  count: number;
}

export async function startService(): Promise<Service> {
  const binary = process.env['ERROR_TRACKER_BIN'];
  if (!binary) throw new Error('set ERROR_TRACKER_BIN to the error-tracker binary to test');
  const folder = mkdtempSync(join(tmpdir(), 'error-tracker-e2e-'));
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(binary, [], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { PATH: process.env['PATH'], LISTEN: address, API_KEY, DATABASE_PATH: join(folder, 'errors.db'), LOG_LEVEL: 'warn' },
  });
  await untilHealthy(`http://${address}/health`, child);
  return {
    address: `http://${address}/`,
    report: (fields) => report(`http://${address}/api/errors`, fields),
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      if (child.exitCode === null && child.kill('SIGTERM')) await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function report(address: string, fields: Record<string, unknown>): Promise<Answer> {
  const reply = await fetch(address, {
    method: 'POST',
    headers: { 'X-API-Key': API_KEY, 'Content-Type': 'application/json' },
    body: JSON.stringify({ project: 'shop', exception_type: 'KeyError', message: '7', traceback: '', ...fields }),
  });
  if (!reply.ok) throw new Error(`report refused: ${reply.status} ${await reply.text()}`);
  return (await reply.json()) as Answer;
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
