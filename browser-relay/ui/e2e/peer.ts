// A peer that takes whatever comes, goes away and comes back on the same port.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakePeer {
  address: string;
  /** What it has taken, in order. */
  taken: Record<string, unknown>[];
  leave(): Promise<void>;
  comeBack(): Promise<void>;
}

export async function startPeer(): Promise<FakePeer> {
  const taken: Record<string, unknown>[] = [];
  let server: Server | null = null;
  let port = 0;

  async function listen(): Promise<void> {
    const own = createServer((request, response) => void answer(request, response, taken));
    await new Promise<void>((resolve) => own.listen(port, '127.0.0.1', resolve));
    port = (own.address() as AddressInfo).port;
    server = own;
  }

  await listen();
  return {
    address: `http://127.0.0.1:${port}`,
    taken,
    async leave() {
      const own = server;
      server = null;
      if (own === null) return;
      const closed = new Promise((resolve) => own.close(resolve));
      own.closeAllConnections();
      await closed;
    },
    comeBack: listen,
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, taken: Record<string, unknown>[]): Promise<void> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const items = JSON.parse(Buffer.concat(pieces).toString()) as Record<string, unknown>[];
  taken.push(...items);
  const isErrors = request.url?.startsWith('/api/errors') ?? false;
  const results = items.map((_, index) => ({ status: 'created', id: index + 1, fingerprint: 'f'.repeat(32), count: 1 }));
  response.writeHead(isErrors ? 200 : 202, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(isErrors ? { results } : { status: 'accepted', count: items.length }));
}
