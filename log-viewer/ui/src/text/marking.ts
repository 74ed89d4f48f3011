// Marks the hits of a search in styled text, across the borders of colours.
import type { Needle } from './needles.ts';
import { textOf, type Run } from './run.ts';

const WORD_CHARACTER = /[\p{L}\p{N}]/u;

export type Range = [from: number, to: number];

export function markHits(runs: Run[], needles: readonly Needle[]): Run[] {
  const ranges = needles.length === 0 ? [] : findHits(textOf(runs), needles);
  return ranges.length === 0 ? runs : splitAt(runs, ranges);
}

/** Where the needles are: in order, and merged where they touch. */
export function findHits(text: string, needles: readonly Needle[]): Range[] {
  const folded = text.toLowerCase();
  // Few characters change their length with their case; then no position would fit.
  if (folded.length !== text.length) return [];
  const found: Range[] = [];
  for (const needle of needles) {
    const wanted = needle.text.toLowerCase();
    for (let at = folded.indexOf(wanted); at !== -1; at = folded.indexOf(wanted, at + 1)) {
      const end = at + wanted.length;
      if (needle.wordStart && inWord(folded, at)) continue;
      if (needle.wordEnd && inWord(folded, end)) continue;
      found.push([at, end]);
    }
  }
  return merged(found.sort((a, b) => a[0] - b[0]));
}

/** True when the position has a letter or digit on both sides. */
function inWord(text: string, at: number): boolean {
  return WORD_CHARACTER.test(text[at - 1] ?? ' ') && WORD_CHARACTER.test(text[at] ?? ' ');
}

function merged(ranges: Range[]): Range[] {
  const out: Range[] = [];
  for (const [from, to] of ranges) {
    const last = out.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else out.push([from, to]);
  }
  return out;
}

function splitAt(runs: readonly Run[], ranges: readonly Range[]): Run[] {
  const out: Run[] = [];
  let start = 0;
  let next = 0;
  for (const run of runs) {
    const end = start + run.text.length;
    let at = start;
    while (at < end) {
      while (next < ranges.length && (ranges[next]?.[1] ?? 0) <= at) next++;
      const [from, to] = ranges[next] ?? [Infinity, Infinity];
      const hit = from <= at;
      const stop = Math.min(end, hit ? to : from);
      const piece = { ...run, text: run.text.slice(at - start, stop - start) };
      out.push(hit ? { ...piece, hit: true } : piece);
      at = stop;
    }
    start = end;
  }
  return out;
}
