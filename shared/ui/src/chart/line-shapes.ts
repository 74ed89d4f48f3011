// How values become strokes: which points stand alone, where the dashed end begins, how high it goes.

export type Values = ArrayLike<number | null | undefined>;

/** Points with nothing beside them: no line runs through them, so they are drawn as dots. */
export function isolated(values: Values): number[] {
  const alone: number[] = [];
  for (let at = 0; at < values.length; at++) {
    if (values[at] != null && values[at - 1] == null && values[at + 1] == null) alone.push(at);
  }
  return alone;
}

export function withoutEnd(values: (number | null)[], from: number): (number | null)[] {
  return from >= values.length ? values : values.map((value, at) => (at < from ? value : null));
}

/** The end with the last value before it, so that the two meet; nothing at all when the end holds no value. */
export function withoutStart(values: (number | null)[], from: number): (number | null)[] {
  const isEmpty = values.slice(from).every((value) => value === null);
  return values.map((value, at) => (!isEmpty && at >= from - 1 ? value : null));
}

/** The upper end of an axis that starts at zero, with a little air. */
export function topOf(high: number | null, limit: number | undefined, atLeast: number): number {
  const top = Math.max((high ?? 0) * 1.08, (limit ?? 0) * 1.15, atLeast);
  return top > 0 ? top : 1;
}
