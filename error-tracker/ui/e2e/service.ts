// Starts the real service on a free port with a database of its own.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { API_KEY, binaryFrom, endProcess, freePort, startProcess, untilAnswering } from '../../../shared/ui/e2e/process.ts';

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
  const binary = binaryFrom('ERROR_TRACKER_BIN');
  const folder = mkdtempSync(join(tmpdir(), 'error-tracker-e2e-'));
  const address = `127.0.0.1:${await freePort()}`;
  const child = startProcess(binary, { LISTEN: address, DATABASE_PATH: join(folder, 'errors.db'), LOG_LEVEL: 'warn' });
  await untilAnswering(address, child);
  return {
    address: `http://${address}/`,
    report: (fields) => report(`http://${address}/api/errors`, fields),
    async stop() {
      await endProcess(child);
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
