// Whether the reader is signed in. The key itself is sent once and kept nowhere.
import { signal } from '@preact/signals';

import { ApiError, problemOf, send } from './api.ts';

/** True while a request waits for the reader to sign in. */
export const signInNeeded = signal(false);

let waiting: (() => void)[] = [];
let signIns = 0;

/** How often the reader has signed in. A request that is refused takes along what it was when it was sent. */
export function signInsSoFar(): number {
  return signIns;
}

/**
 * Resolves when the reader has signed in more often than `before`; rejects when `signal` calls the request off.
 * So a request that was sent before a sign-in and is refused after it does not ask for the key again.
 */
export async function untilSignedIn(before: number, signal?: AbortSignal): Promise<void> {
  if (signIns > before) return;
  signInNeeded.value = true;
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      waiting = waiting.filter((other) => other !== resolve);
      reject(new DOMException('The request was called off.', 'AbortError'));
    };
    if (signal?.aborted) return onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    waiting.push(resolve);
  });
}

/** Exchanges the key for a cookie and lets waiting requests go on. */
export async function signIn(apiKey: string): Promise<void> {
  const reply = await send('session', { method: 'POST', body: { api_key: apiKey } });
  if (reply.status === 401) throw new ApiError(401, 'That key is not the right one.');
  if (!reply.ok) throw await problemOf(reply);
  signIns += 1;
  const resolvers = waiting;
  waiting = [];
  signInNeeded.value = false;
  for (const resolve of resolvers) resolve();
}

/** Ends the session and starts over, so that nothing read before stays on the screen. */
export async function signOut(): Promise<void> {
  const reply = await send('session', { method: 'DELETE' });
  if (!reply.ok && reply.status !== 401) throw await problemOf(reply);
  location.reload();
}
