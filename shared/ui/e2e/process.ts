// A real service as a process of its own, on a free port.
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';

export const API_KEY = 'a-key-for-end-to-end-tests';

const DEADLINE_MS = 30_000;
const ASK_AGAIN_MS = 50;

/** The binary that a variable names. */
export function binaryFrom(variable: string): string {
  const binary = process.env[variable];
  if (!binary) throw new Error(`set ${variable} to the binary to test`);
  return binary;
}

/** Its log goes to the screen, or to the open file that `log` is. */
export function startProcess(binary: string, settings: Record<string, string>, log: 'inherit' | number = 'inherit'): ChildProcess {
  return spawn(binary, [], { stdio: ['ignore', 'inherit', log], env: { PATH: process.env['PATH'], API_KEY, ...settings } });
}

export async function endProcess(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  if (child.exitCode === null && child.kill('SIGTERM')) await ended;
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

/** Waits for an answer to /health; one that is degraded answers too. */
export function untilAnswering(address: string, child: ChildProcess): Promise<void> {
  return until('the service answers', () => {
    if (child.exitCode !== null) throw new Error(`the service ended with ${child.exitCode}`);
    return fetch(`http://${address}/health`).then(() => true, () => false);
  });
}

export async function until(claim: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`it did not come true that ${claim}`);
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
  }
}
