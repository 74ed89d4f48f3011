// What a row shows of an entry while it is folded.
import type { Entry } from '../wire.ts';
import { parseAnsi, stripAnsi } from './ansi.ts';
import { markHits } from './marking.ts';
import type { Needle } from './needles.ts';
import { cutRuns, textOf, type Run } from './run.ts';
import { summaryOf } from './summary.ts';

/** A folded line is cut here; the whole is one click away. */
const FOLDED_LENGTH = 600;

/** What "+12 lines" takes up. */
const FOLD_LENGTH = 11;

export interface Shown {
  runs: Run[];
  /** Further lines behind the first. */
  moreLines: number;
  /** Further characters of the first line. */
  moreCharacters: number;
}

export function shownOf(entry: Entry, needles: readonly Needle[]): Shown {
  const summary = summaryOf(entry);
  const { first, moreLines } = summary ? { first: '', moreLines: 0 } : firstLineOf(entry.message);
  // A line of megabytes is not parsed to its end just to be cut.
  const whole = summary ?? parseAnsi(first.slice(0, FOLDED_LENGTH * 4));
  const length = Math.max(textOf(whole).length, first.length > FOLDED_LENGTH * 4 ? first.length : 0);
  const gist = moreLines > 0 ? gistOf(entry.message) : null;
  const said = gist === null ? whole : [...whole, { text: ` … ${gist}`, class: 'gist' }];
  const runs = markHits(cutRuns(said, FOLDED_LENGTH), needles);
  return { runs, moreLines, moreCharacters: Math.max(0, length - FOLDED_LENGTH) };
}

/** How many characters the folded row shows: exact enough to foretell its height. */
export function foldedLength(entry: Entry): number {
  const summary = summaryOf(entry);
  if (summary) return Math.min(FOLDED_LENGTH, textOf(summary).length);
  const { first, moreLines } = firstLineOf(entry.message);
  const gist = moreLines > 0 ? gistOf(entry.message) : null;
  const length = first.length > FOLDED_LENGTH ? FOLDED_LENGTH : stripAnsi(first).length;
  return length + (gist?.length ?? 0) + (moreLines > 0 ? FOLD_LENGTH : 0);
}

/** All of it, as it was written. */
export function wholeOf(entry: Entry, needles: readonly Needle[]): Run[] {
  return markHits(parseAnsi(entry.message.replace(/\n+$/, '')), needles);
}

/** A Python traceback says at its end what it is about. */
function gistOf(message: string): string | null {
  if (!message.startsWith('Traceback (most recent call last)')) return null;
  const last = message.trimEnd().split('\n').at(-1) ?? '';
  return /^[\w.]+(:|$)/.test(last) ? stripAnsi(last) : null;
}

export function firstLineOf(message: string): { first: string; moreLines: number } {
  const text = message.replace(/\n+$/, '');
  const end = text.indexOf('\n');
  if (end === -1) return { first: text, moreLines: 0 };
  return { first: text.slice(0, end), moreLines: text.slice(end + 1).split('\n').length };
}
