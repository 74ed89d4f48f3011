// A web site of pages that the tests write, which also serves the built script. It has two origins: 127.0.0.1 and localhost.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { text } from 'node:stream/consumers';
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
  /** Folders of files, by the path they are at, which has a slash at both ends. */
  folders: Map<string, string>;
  /** What pages have sent to `/note`, in order. */
  notes: any[];
  /** The way to the relay: nobody may answer, or the replies may be lost. */
  way: 'open' | 'closed' | 'no replies';
  stop(): Promise<void>;
}

const SCRIPTS: Record<string, string> = {
  '/monlight.min.js': fileURLToPath(new URL('../dist/monlight.min.js', import.meta.url)),
  '/monlight.full.min.js': fileURLToPath(new URL('../dist/monlight.full.min.js', import.meta.url)),
  '/web-vitals.js': fileURLToPath(new URL('../../../node_modules/web-vitals/dist/web-vitals.iife.js', import.meta.url)),
};
const TYPES: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css' };
/** Where a reverse proxy would put the relay. */
export const PREFIX = '/browser-relay';

export async function startSite(relay: string): Promise<Site> {
  const pages = new Map<string, Page>();
  const folders = new Map<string, string>();
  const notes: unknown[] = [];
  const fileAt = (path: string) => {
    for (const [prefix, folder] of folders) {
      const file = join(folder, path.slice(prefix.length) || 'index.html');
      if (path.startsWith(prefix) && file.startsWith(folder) && existsSync(file) && statSync(file).isFile()) return file;
    }
    return;
  };
  const server = createServer((asked, reply) => {
    const path = new URL(asked.url!, 'http://x').pathname;
    const page = pages.get(path);
    const file = SCRIPTS[path] ?? fileAt(path);
    if (path.startsWith(PREFIX + '/')) passOn(site.way, relay, asked, reply);
    else if (path == '/note') void text(asked).then((body) => reply.end() && notes.push(JSON.parse(body)));
    else if (file) reply.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream' }).end(readFileSync(file));
    else if (page) reply.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', ...page.headers }).end(page.html);
    // `/status/503` answers with 503.
    else reply.writeHead(Number(path.split('/')[2]) || 404).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  const site: Site = {
    origin: `http://127.0.0.1:${port}`,
    otherOrigin: `http://localhost:${port}`,
    pages,
    folders,
    notes,
    way: 'open',
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return site;
}

function passOn(way: Site['way'], relay: string, asked: IncomingMessage, reply: ServerResponse): void {
  if (way == 'closed') return void asked.socket.destroy();
  const onward = request(relay + asked.url!.slice(PREFIX.length), { method: asked.method!, headers: asked.headers }, (answer) => {
    if (way == 'no replies') return void asked.socket.destroy();
    reply.writeHead(answer.statusCode!, answer.headers);
    answer.pipe(reply);
  });
  onward.on('error', () => reply.destroy());
  asked.pipe(onward);
}
