// Requests to the service this page came from.
//
// A 401 does not fail a request: it waits until the reader has signed in and is then sent again,
// so that whatever was being done goes on where it stopped.
import { signInsSoFar, untilSignedIn } from './session.ts';

/** A reply that is not a success, or no reply at all (status 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    detail: string,
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(detail);
    this.name = 'ApiError';
  }
}

export interface Call {
  method?: 'GET' | 'POST' | 'DELETE';
  body?: unknown;
  signal?: AbortSignal | undefined;
}

export async function api<T>(path: string, call: Call = {}): Promise<T> {
  for (;;) {
    const signIns = signInsSoFar();
    const reply = await send(path, call);
    if (reply.status === 401) {
      await untilSignedIn(signIns, call.signal);
      continue;
    }
    if (!reply.ok) throw await problemOf(reply);
    if (reply.status === 204) return undefined as T;
    return (await reply.json()) as T;
  }
}

/** Sends once and answers with whatever came back. Rejects only when nothing did. */
export async function send(path: string, { method = 'GET', body, signal }: Call): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json', 'X-Monlight-UI': '1' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  try {
    return await fetch(`api/${path}`, {
      method,
      headers,
      credentials: 'same-origin',
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, 'The service cannot be reached. It may be restarting, or the network is down.');
  }
}

export async function problemOf(reply: Response): Promise<ApiError> {
  let detail: string | undefined;
  try {
    const problem: unknown = await reply.json();
    if (typeof problem === 'object' && problem !== null && 'detail' in problem) detail = String(problem.detail);
  } catch {
    // A proxy's HTML page says nothing the status does not say.
  }
  const seconds = Number.parseInt(reply.headers.get('Retry-After') ?? '', 10);
  return new ApiError(
    reply.status,
    detail ?? `The service answered with status ${reply.status}.`,
    Number.isNaN(seconds) ? null : seconds,
  );
}

/** True for the rejection of a request that was called off. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

export type QueryValue = string | number | readonly string[] | null | undefined;

/** A path with its query; values that are null, undefined or empty are left out, a list is repeated. */
export function withQuery(path: string, values: Record<string, QueryValue>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === 'object') for (const one of value ?? []) params.append(name, one);
    else if (value !== undefined && value !== '') params.set(name, String(value));
  }
  const text = params.toString();
  return text === '' ? path : `${path}?${text}`;
}
