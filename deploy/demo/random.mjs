// Chance for the demo: the same in each run.

let state = 20_260_301;

/** From 0 to 1. */
export function random() {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
}

/** Few large values and many about the median. */
export function spread(median, width) {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return median * Math.exp(width * normal);
}

export function pick(list) {
  return list[Math.floor(random() * list.length)];
}

/** One of the entries, each as often as its `share` says. */
export function pickByShare(entries) {
  let left = random() * entries.reduce((sum, { share }) => sum + share, 0);
  return entries.find(({ share }) => (left -= share) < 0) ?? entries[0];
}
