// A web server with the page that fails, as a bundler has built it. Each one is an origin of its own.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

const BUNDLES = '../../browser-relay/tests/fixtures/bundles/';
const TYPES: Record<string, string> = { html: 'text/html', js: 'text/javascript' };

export interface Site {
  origin: string;
  /** The address of the page, set up for this relay, key and release. */
  page(relay: string, key: string, release: string): string;
  stop(): Promise<void>;
}

/** A file of the relay's fixtures. */
export function fixture(path: string): string {
  return readFileSync(here(BUNDLES + path), 'utf8');
}

function here(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

function contentOf(path: string): string | undefined {
  if (path === '/page.html') return `${fixture('built/page/page.html')}<script src="vitals.js"></script>`;
  if (path === '/page.js') return fixture('built/page/page.js');
  if (path === '/vitals.js') return readFileSync(here('vitals.js'), 'utf8');
  if (path === '/next.html') return '<!doctype html><title>The next page</title>';
  // Browsers ask for it, and complain when it is not there.
  if (path === '/favicon.ico') return '';
  return undefined;
}

export async function startSite(): Promise<Site> {
  const server = createServer((request, reply) => {
    const { pathname } = new URL(request.url ?? '/', 'http://site');
    const content = contentOf(pathname);
    const type = TYPES[pathname.split('.').at(-1) ?? ''] ?? 'text/plain';
    reply.writeHead(content === undefined ? 404 : 200, { 'Content-Type': `${type}; charset=utf-8` });
    reply.end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    page: (relay, key, release) => `${origin}/page.html?${new URLSearchParams({ relay, key, release })}`,
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
