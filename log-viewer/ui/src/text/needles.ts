// What of a search is to be marked in the lines it found.
//
// Reads the same language as the service: words, "phrases", AND OR NOT, parentheses, prefix*,
// *inside* and field:value. It only marks, so what it does not understand it leaves unmarked.

export interface Needle {
  text: string;
  /** The hit must begin, or end, where a word does. */
  wordStart: boolean;
  wordEnd: boolean;
}

const TOKEN = /([\w.@-]+:)?"([^"]*)"?|[^\s()"]+/g;
const OPERATORS = new Set(['AND', 'OR', 'NOT']);

export function needlesOf(search: string): Needle[] {
  const needles: Needle[] = [];
  let negated = false;
  for (const match of search.matchAll(TOKEN)) {
    const token = match[0];
    if (OPERATORS.has(token)) {
      negated = token === 'NOT';
      continue;
    }
    const needle = match[2] === undefined ? wordNeedle(token) : { text: match[2], wordStart: true, wordEnd: true };
    if (!negated && needle.text !== '') needles.push(needle);
    negated = false;
  }
  return needles;
}

/** The word when the search is one plain word, which `*word*` might find more of. */
export function plainWord(search: string): string | null {
  return /^[\p{L}\p{N}_-]{2,}$/u.test(search) && !OPERATORS.has(search) ? search : null;
}

function wordNeedle(token: string): Needle {
  const bare = token.replace(/^\*+|\*+$/g, '');
  const field = /^[A-Za-z_][\w.-]*:(?!\/\/)(.+)$/.exec(bare);
  return { text: field?.[1] ?? bare, wordStart: !token.startsWith('*'), wordEnd: !token.endsWith('*') };
}
