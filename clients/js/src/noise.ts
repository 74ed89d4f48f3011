// Errors that no developer can do anything about.
import type { Pattern } from './options.ts';

export const NOISE: Pattern[] = [
  // A browser extension's.
  /-extension:\/\//,
  // Of a script of another origin: the browser tells nothing but this.
  /^Error: Script error\.?$/m,
  /ResizeObserver loop/,
  // The page's user has closed or left something.
  /^AbortError:/,
];
export function matches(text: string, patterns: Pattern[] = []): boolean {
  return patterns.some((pattern) => (typeof pattern == 'string' ? text.includes(pattern) : text.search(pattern) >= 0));
}
