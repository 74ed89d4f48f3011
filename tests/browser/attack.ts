// Sends hostile texts in every text field of every body that a service takes.
import { HOSTILE_NAMES, hostile } from './hostile.ts';
import type { Service } from './services.ts';
import { bodyWith, sentBodies, textPlaces, type Document, type Sent } from './text-fields.ts';

export interface Target {
  name: string;
  service: Service;
  document: Document;
  headers: Record<string, string>;
}

/** Places by hostile text: those whose field takes it. */
export type Taken = Map<string, Set<string>>;

/** What the documents give no example of and may not be any text. */
const CALM: Record<string, string> = {
  '.map_content': JSON.stringify({ version: 3, sources: ['a.ts'], names: [], mappings: 'AAAA' }),
  '.metrics[].type': 'histogram',
  '.allowed_origins[]': 'https://shop.example.com',
};

export async function targetOf(name: string, service: Service, headers: Record<string, string> = {}): Promise<Target> {
  return { name, service, headers, document: await service.get('/api/openapi.json') };
}

/** The bodies to attack. Keys that are guessed are answered late, which is for the tests of signing in. */
export const bodiesOf = ({ document }: Target): Sent[] => sentBodies(document).filter(({ path }) => path !== '/api/session');

/** A body with a hostile text at each of these places. */
export function attackingBody({ name, document }: Target, { path, schema }: Sent, text: string, places: ReadonlySet<string>): any {
  const at = (place: string) => (places.has(place) ? hostile(text, `${name} ${path}${place}`) : CALM[place]);
  return bodyWith(document, schema, at);
}

/** The answer when it was taken, null when it was refused as it should be; all else is a fault. */
export async function send({ service, headers }: Target, path: string, body: unknown): Promise<any> {
  const reply = await service.ask(path, { method: 'POST', headers, body: JSON.stringify(body) });
  const type = reply.headers.get('content-type');
  const answer: any = await reply.json();
  if (reply.ok && type === 'application/json') {
    const isPartly = (answer.rejected ?? []).length > 0 || (answer.results ?? []).some((one: any) => one.status === 'rejected');
    return isPartly ? null : answer;
  }
  const isRefused = reply.status === 400 && type === 'application/problem+json' && typeof answer.detail === 'string';
  if (isRefused) return null;
  throw new Error(`${path} answers ${reply.status} (${type}) to ${JSON.stringify(body)}: ${JSON.stringify(answer)}`);
}

/** Sends each hostile text in each field alone, all else being as it should be. */
export async function attackFieldByField(target: Target, sent: Sent): Promise<Taken> {
  const places = textPlaces(target.document, sent.schema);
  const taken: Taken = new Map();
  for (const text of HOSTILE_NAMES) {
    const takers = new Set<string>();
    for (const place of places) {
      if (await send(target, sent.path, attackingBody(target, sent, text, new Set([place])))) takers.add(place);
    }
    taken.set(text, takers);
  }
  return taken;
}
