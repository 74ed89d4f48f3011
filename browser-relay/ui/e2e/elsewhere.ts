// A web site on an origin of its own, whose page holds a snippet and then fails.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Elsewhere {
  origin: string;
  /** What its page holds in the head. */
  snippet: string;
  stop(): Promise<void>;
}

export async function startElsewhere(): Promise<Elsewhere> {
  const site: Elsewhere = { origin: '', snippet: '', stop: async () => undefined };
  const server = createServer((request, response) => {
    const isPage = request.url === '/';
    response.writeHead(isPage ? 200 : 404, { 'Content-Type': 'text/html; charset=utf-8' });
    const body = '<script>function total(cart) { return cart.prices.length } total({})</script>';
    response.end(isPage ? `<!doctype html><title>A shop</title><link rel="icon" href="data:,">${site.snippet}${body}` : '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  site.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  site.stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return site;
}
