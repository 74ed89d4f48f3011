// Made-up keys, maps and spools for tests.
import type { About, DsnKey, Peer, SourceMap, Spool } from './wire.ts';

export function aKey(id: number, more: Partial<DsnKey> = {}): DsnKey {
  return {
    id,
    public_key: id.toString(16).padStart(32, '0'),
    project: 'shop',
    active: true,
    created_at: '2026-11-20T10:00:00.000Z',
    allowed_origins: null,
    rate_limit: null,
    last_used: null,
    dsn: `http://${id.toString(16).padStart(32, '0')}@localhost:3000`,
    ...more,
  };
}

export function aMap(id: number, more: Partial<SourceMap> = {}): SourceMap {
  return {
    id,
    project: 'shop',
    release: '1.2.0',
    file_url: `https://shop.example.com/assets/app-${id}.js`,
    debug_id: null,
    size: 4200,
    uploaded_at: '2026-11-20T10:00:00.000Z',
    last_used: '2026-11-20T10:00:00.000Z',
    ...more,
  };
}

export function aPeer(more: Partial<Peer> = {}): Peer {
  return {
    peer: 'error-tracker',
    reachable: true,
    reason: null,
    since: null,
    waiting: 0,
    waiting_bytes: 0,
    waiting_since: null,
    delivered: 7,
    refused: 0,
    turned_away: 0,
    ...more,
  };
}

export function aSpool(tracker: Partial<Peer> = {}, more: Partial<Spool> = {}): Spool {
  return { used_bytes: 0, max_bytes: 67_108_864, peers: [aPeer(tracker), aPeer({ peer: 'metrics-collector' })], ...more };
}

export function anAbout(more: Partial<About> = {}): About {
  return {
    service: 'browser-relay',
    version: '1.0.0',
    links: {},
    public_url: null,
    retention_days: 90,
    max_source_map_bytes: 33_554_432,
    rate_limit: 300,
    any_origin: true,
    ...more,
  };
}

/** The page of a list that `limit` and `before` ask for. */
export function paged<Item extends { id: number }>(all: Item[], params: URLSearchParams): { items: Item[]; next: number | null } {
  const limit = Number(params.get('limit'));
  const items = all.filter((item) => item.id < Number(params.get('before') ?? Infinity)).slice(0, limit);
  return { items, next: items.length === limit ? (items.at(-1)?.id ?? null) : null };
}

/** A fake `fetch` that answers by path and parameters; what it was asked is kept. */
export function answering(answers: Record<string, (params: URLSearchParams, body: unknown) => unknown>): { asked: string[]; fetch: typeof fetch } {
  const asked: string[] = [];
  const answer = async (address: string | URL | Request, { method = 'GET', body }: RequestInit = {}): Promise<Response> => {
    const text = String(address);
    asked.push(method === 'GET' ? text : `${method} ${text}`);
    const [path = '', search] = text.split('?');
    const known = answers[method === 'GET' ? path : `${method} ${path}`];
    const reply = known?.(new URLSearchParams(search), typeof body === 'string' ? JSON.parse(body) : undefined);
    if (reply instanceof Response) return reply;
    return reply === undefined ? new Response('{"detail":"not found"}', { status: 404 }) : new Response(JSON.stringify(reply));
  };
  return { asked, fetch: answer };
}
