// The same error again and again is one report at once, and one with the count when a minute is over.

const WINDOW_MS = 60_000;

export interface Repeats {
  /** Whether it is one of the last minute, which is counted now. */
  _isKnown(key: string): unknown;
  /** `tell` is given how often it came again. */
  _add(key: string, tell: (times: number) => void): void;
  /** Tells what was counted so far. */
  _settle(): void;
}

interface Entry {
  _times: number;
  _tell: (times: number) => void;
}

export function repeats(): Repeats {
  const recent = new Map<string, Entry>();
  const settle = (entry: Entry) => {
    if (entry._times) entry._tell(entry._times);
    entry._times = 0;
  };
  return {
    _isKnown(key) {
      const known = recent.get(key);
      if (known) known._times++;
      return known;
    },
    _add(key, _tell) {
      const entry = { _times: 0, _tell };
      recent.set(key, entry);
      setTimeout(() => {
        recent.delete(key);
        settle(entry);
      }, WINDOW_MS);
    },
    _settle: () => recent.forEach(settle),
  };
}
