// Texts that try to become something else: markup, script, a header, a path, a query, a line of a log.
//
// Each carries a mark, a number that tells which field it was sent in. Whatever becomes an element has the attribute
// `data-injected`, whatever becomes a script calls `ran`, whatever becomes a request asks for `injected`.

export type Hostile = (mark: number) => string;

export const HOSTILE: Readonly<Record<string, Hostile>> = {
  'an image that fails': (mark) => `<img data-injected src=/injected.png onerror=ran(${mark})>`,
  'a script': (mark) => `<script data-injected src=/injected.js></script><script data-injected>ran(${mark})</script>`,
  'the end of an attribute': (mark) => `"'><svg data-injected onload=ran(${mark})>`,
  'another attribute': (mark) => `x" data-injected autofocus onfocus="ran(${mark})`,
  'a frame': (mark) => `<iframe data-injected srcdoc="<script>parent.ran(${mark})</script>">`,
  'the end of a text': (mark) => `--></textarea></title></script><a data-injected href=javascript:ran(${mark})>x</a>`,
  'an address that is a script': (mark) => `javascript:ran(${mark})//`,
  'an address that hides a script': (mark) => `\u0001java\tscript:ran(${mark})`,
  'an address that is a page': (mark) => `data:text/html,<script>ran(${mark})</script>`,
  'an address elsewhere': (mark) => `//injected.example/${mark}`,
  'the end of a style': (mark) => `;}</style><style data-injected>*{background:url(/injected.css?${mark})}`,
  'a style': (mark) => `red;background:url(/injected.gif?${mark});x:expression(ran(${mark}))`,
  'a template': (mark) => `{{constructor.constructor('ran(${mark})')()}}\${ran(${mark})}<%=ran(${mark})%>`,
  'a header': (mark) => `${mark}\r\nX-Injected: 1\r\n\r\n<p data-injected>`,
  'an encoded header': (mark) => `${mark}%0d%0aX-Injected:%201%0d%0a%0d%0a<p data-injected>`,
  'a line of a log': (mark) => `${mark}\n2026-01-01T00:00:00.000000Z ERROR injected\r{"injected":1}`,
  'an event': (mark) => `${mark}\n\nevent: injected\ndata: {}\n\n`,
  'a path': (mark) => `../../../../../../../../etc/passwd#${mark}`,
  'an encoded path': (mark) => `..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd%00${mark}`,
  'a NUL': (mark) => `${mark}\0after`,
  'text that runs backwards': (mark) => `${mark}\u202egpj.exe\u2066\u200b\u2028\ufeff`,
  'the end of a statement': (mark) => `${mark}'; drop table errors; drop table log_entries; --`,
  'a condition': (mark) => `${mark}" or ""="' or 1=1) union select api_key from x --`,
  'a search': (mark) => `"NEAR(${mark} * AND OR NOT ( ^" - : {`,
  'colours of a terminal': (mark) => `\u001b[2J\u001b]0;injected\u0007\u001b[31m${mark}\u009b0m`,
  // Members that every object of JavaScript has.
  'the prototype': () => '__proto__',
  'the constructor': () => 'constructor',
  'half a character': (mark) => `\ud800${mark}\udc00`,
};

export const HOSTILE_NAMES = Object.keys(HOSTILE);

const fields: string[] = [];

/** The mark of a field, the same each time. */
export function markOf(field: string): number {
  const known = fields.indexOf(field);
  return known === -1 ? fields.push(field) - 1 : known;
}

export function fieldOf(mark: number): string {
  return fields[mark] ?? `the mark ${mark}`;
}

export function hostile(name: string, field: string): string {
  const text = HOSTILE[name];
  if (!text) throw new Error(`there is no hostile text "${name}"`);
  return text(markOf(field));
}
