// Where browsers reach the relay.

/** PUBLIC_URL, or the folder of this page, which has the prefix of a proxy; without a slash at the end. */
export function relayAddress(publicUrl: string | null, page: string): string {
  return (publicUrl ?? new URL('.', page).href).replace(/\/+$/, '');
}

/** The relay's address with the key as its user: all that a page has to be set up with. */
export function dsnOf(key: string, relay: string): string {
  return relay.replace('://', `://${key}@`);
}
