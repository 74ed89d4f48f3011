// Puts the page's scripts into one line, as a bundler would, and makes the source map that tells where everything came from.

import { readFileSync } from 'node:fs';

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** A number as source maps write it: in base 64, five bits a digit, the sign in the lowest. */
function vlq(number) {
  let rest = number < 0 ? (-number << 1) | 1 : number << 1;
  let text = '';
  do {
    const digit = rest & 31;
    rest >>>= 5;
    text += DIGITS[rest > 0 ? digit | 32 : digit];
  } while (rest > 0);
  return text;
}

/** Comments and indentation go; a word begins a mapping, so that a column leads to the right one. */
export function bundle(folder, names) {
  const sourcesContent = names.map((name) => readFileSync(new URL(name, folder), 'utf8'));
  let code = '';
  const mappings = [];
  const last = { column: 0, source: 0, line: 0, at: 0 };
  sourcesContent.forEach((text, source) => {
    text.split('\n').forEach((whole, line) => {
      const trimmed = whole.trim();
      if (trimmed.startsWith('//')) return;
      const indent = whole.length - whole.trimStart().length;
      for (const { index } of trimmed.matchAll(/[A-Za-z_$][\w$]*/g)) {
        const column = code.length + index;
        const at = indent + index;
        mappings.push(vlq(column - last.column) + vlq(source - last.source) + vlq(line - last.line) + vlq(at - last.at));
        Object.assign(last, { column, source, line, at });
      }
      code += trimmed;
    });
  });
  const map = { version: 3, sources: names.map((name) => `page/${name}`), sourcesContent, names: [], mappings: mappings.join(',') };
  return { code, map: JSON.stringify(map) };
}
