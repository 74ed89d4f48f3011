// One clock for all relative times of a page, so that they turn together.
import { signal } from '@preact/signals';

const TICK_MS = 10_000;

export const now = signal(Date.now());

/** Keeps `now` going. Returns the way to stop. */
export function startClock(): () => void {
  const timer = setInterval(() => {
    now.value = Date.now();
  }, TICK_MS);
  return () => clearInterval(timer);
}
