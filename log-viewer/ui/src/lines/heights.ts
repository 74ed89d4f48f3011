// The heights of all rows, with their sums: a Fenwick tree.
//
// Where a row stands, and which row stands at a place, take a few steps at any length; so does a
// changed height. Rows are added and taken off at the end; a change at the front is a rebuild,
// which at 100 000 rows takes about a millisecond.

export class Heights {
  #size = 0;
  #heights = new Float64Array(1024);
  // #sums[i] is the sum of the heights in (i - lowest bit of i, i], counted from 1.
  #sums = new Float64Array(1025);

  get size(): number {
    return this.#size;
  }

  get total(): number {
    return this.offsetOf(this.#size);
  }

  heightOf(index: number): number {
    return index < this.#size ? (this.#heights[index] ?? 0) : 0;
  }

  /** How far below the top of the first row the given row begins. */
  offsetOf(index: number): number {
    let sum = 0;
    for (let at = Math.min(index, this.#size); at > 0; at -= at & -at) sum += this.#sums[at] ?? 0;
    return sum;
  }

  /** The row that covers a place; the first or last one for a place outside. */
  indexAt(offset: number): number {
    let index = 0;
    let left = offset;
    for (let step = 2 ** Math.floor(Math.log2(Math.max(1, this.#size))); step >= 1; step /= 2) {
      const sum = this.#sums[index + step];
      if (index + step <= this.#size && sum !== undefined && sum <= left) {
        index += step;
        left -= sum;
      }
    }
    return Math.max(0, Math.min(index, this.#size - 1));
  }

  set(index: number, height: number): void {
    const change = height - this.heightOf(index);
    if (index >= this.#size || change === 0) return;
    this.#heights[index] = height;
    for (let at = index + 1; at <= this.#size; at += at & -at) this.#sums[at] = (this.#sums[at] ?? 0) + change;
  }

  push(height: number): void {
    if (this.#size === this.#heights.length) this.#grow();
    this.#heights[this.#size] = height;
    const at = ++this.#size;
    let sum = height;
    for (let part = 1; part < (at & -at); part *= 2) sum += this.#sums[at - part] ?? 0;
    this.#sums[at] = sum;
  }

  /** Keeps the first so many rows. */
  truncate(size: number): void {
    this.#size = Math.min(this.#size, size);
  }

  #grow(): void {
    const heights = new Float64Array(this.#heights.length * 2);
    heights.set(this.#heights);
    const sums = new Float64Array(heights.length + 1);
    sums.set(this.#sums);
    this.#heights = heights;
    this.#sums = sums;
  }
}
