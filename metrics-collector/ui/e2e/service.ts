// Starts the real service on a free port with a database of its own.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { API_KEY, binaryFrom, endProcess, freePort, startProcess, untilAnswering } from '../../../shared/ui/e2e/process.ts';

const LARGEST_BATCH = 1000;

export interface Point {
  name: string;
  type: 'counter' | 'gauge' | 'histogram';
  value: number;
  labels?: Record<string, string>;
  timestamp?: string;
  project?: string;
}

export interface Service {
  address: string;
  post(points: Point[]): Promise<void>;
  stop(): Promise<void>;
}

export async function startService(): Promise<Service> {
  const binary = binaryFrom('METRICS_COLLECTOR_BIN');
  const folder = mkdtempSync(join(tmpdir(), 'metrics-collector-e2e-'));
  const address = `127.0.0.1:${await freePort()}`;
  const child = startProcess(binary, { LISTEN: address, DATABASE_PATH: join(folder, 'metrics.db'), LOG_LEVEL: 'warn' });
  await untilAnswering(address, child);
  return {
    address: `http://${address}/`,
    async post(points) {
      for (let at = 0; at < points.length; at += LARGEST_BATCH) {
        await postBatch(`http://${address}/api/metrics`, points.slice(at, at + LARGEST_BATCH));
      }
    },
    async stop() {
      await endProcess(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function postBatch(address: string, metrics: Point[]): Promise<void> {
  const reply = await fetch(address, {
    method: 'POST',
    headers: { 'X-API-Key': API_KEY, 'Content-Type': 'application/json' },
    body: JSON.stringify({ metrics }),
  });
  const answer = await reply.text();
  if (reply.status !== 202) throw new Error(`points refused: ${reply.status} ${answer}`);
  if ((JSON.parse(answer) as { count: number }).count !== metrics.length) throw new Error(`not all points were taken: ${answer}`);
}
