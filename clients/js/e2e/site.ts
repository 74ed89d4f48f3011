// A web site of pages that the tests write, which also serves the built script. It has two origins: 127.0.0.1 and localhost.
import { readFileSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

export interface Page {
  html: string;
  headers?: Record<string, string>;
}

export interface Site {
  origin: string;
  otherOrigin: string;
  /** By path. */
  pages: Map<string, Page>;
  stop(): Promise<void>;
}

const SCRIPTS: Record<string, string> = {
  '/monlight.min.js': fileURLToPath(new URL('../dist/monlight.min.js', import.meta.url)),
  '/monlight.full.min.js': fileURLToPath(new URL('../dist/monlight.full.min.js', import.meta.url)),
  '/web-vitals.js': fileURLToPath(new URL('../../../node_modules/web-vitals/dist/web-vitals.iife.js', import.meta.url)),
};
/** Where a reverse proxy would put the relay. */
export const PREFIX = '/browser-relay';

export async function startSite(relay: string): Promise<Site> {
  const pages = new Map<string, Page>();
  const server = createServer((asked, reply) => {
    const path = new URL(asked.url!, 'http://x').pathname;
    const page = pages.get(path);
    const script = SCRIPTS[path];
    if (path.startsWith(PREFIX + '/')) passOn(relay, asked, reply);
    else if (script) reply.writeHead(200, { 'Content-Type': 'text/javascript' }).end(readFileSync(script));
    else if (page) reply.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', ...page.headers }).end(page.html);
    // `/status/503` answers with 503.
    else reply.writeHead(Number(path.split('/')[2]) || 404).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    otherOrigin: `http://localhost:${port}`,
    pages,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function passOn(relay: string, asked: IncomingMessage, reply: ServerResponse): void {
  const onward = request(relay + asked.url!.slice(PREFIX.length), { method: asked.method!, headers: asked.headers }, (answer) => {
    reply.writeHead(answer.statusCode!, answer.headers);
    answer.pipe(reply);
  });
  onward.on('error', () => reply.destroy());
  asked.pipe(onward);
}
