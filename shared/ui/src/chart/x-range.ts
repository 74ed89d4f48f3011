// How far the time axis reaches.

/**
 * A bar stands to the right of its bucket's start, so an axis that ends where the last bucket
 * starts would hide the newest bar. A zoomed range ends earlier and is left as it was chosen.
 */
export function xRange(low: number, high: number, lastStart: number, step: number): [number, number] {
  return [low, high === lastStart ? high + step : high];
}
