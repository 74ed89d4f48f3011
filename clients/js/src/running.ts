// The clients of the page, those of other copies of this package too.
import type { Settings } from './options.ts';

/** Addresses, and behind a `#` the key of each client. */
const running = (): string[] => ((window as any).__monlight ||= []);

/** Whether an address is that of a relay: nobody watches what clients send. */
export const isOwn = (address: string): boolean => running().some((endpoint) => address.startsWith(endpoint));

/** Returns what ends it, or nothing when the same client runs already: everything would be told twice. */
export function run({ _base, _key }: Settings): (() => void) | undefined {
  const all = running();
  const endpoint = _base + '/api/browser/';
  const own = endpoint + '#' + _key;
  if (all.includes(own)) return;
  all.push(endpoint, own);
  return () => void all.splice(all.indexOf(own), 1);
}
