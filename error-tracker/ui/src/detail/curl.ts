// A request as a curl line.
import type { Occurrence } from '../wire.ts';

// curl makes these itself, and a copied length or host would only break the request.
const LEFT_OUT = new Set(['host', 'content-length', 'connection', 'transfer-encoding']);

export function asCurl(request: Pick<Occurrence, 'request_url' | 'request_method' | 'request_headers'>): string {
  const method = request.request_method ?? 'GET';
  const parts = [`curl ${quoted(request.request_url ?? '')}`];
  // BROWSER marks a report that a browser sent; it is no method of HTTP.
  if (method !== 'GET' && method !== 'BROWSER') parts.push(`-X ${quoted(method)}`);
  for (const [name, value] of Object.entries(request.request_headers ?? {})) {
    if (!LEFT_OUT.has(name.toLowerCase())) parts.push(`-H ${quoted(`${name}: ${value}`)}`);
  }
  return parts.join(' \\\n  ');
}

/** One word for a shell, whatever the text holds. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
