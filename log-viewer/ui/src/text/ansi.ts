// Terminal colours as runs of styled text.
//
// The sixteen named colours become classes, so that each theme can choose its own; others carry
// their value and are brought into a readable range by CSS. Whatever else a terminal understands
// (cursor moves, titles, links) is left out, and other control characters become visible.
import type { Run } from './run.ts';

// CSI sequences, OSC strings up to BEL or ST, and the two-character escapes.
const ESCAPE = /\u001b\[([0-9;:?<=>]*)[ -/]*([@-~]|$)|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[ -/]*[0-~]?/g;
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/g;
const FLAGS: Record<number, string> = { 1: 'bold', 2: 'dim', 3: 'italic', 4: 'underline', 7: 'inverse', 9: 'struck' };
const ENDS: Record<number, string[]> = { 22: ['bold', 'dim'], 23: ['italic'], 24: ['underline'], 27: ['inverse'], 29: ['struck'] };

interface Style {
  flags: Set<string>;
  color: string | null;
  background: string | null;
}

export function parseAnsi(raw: string): Run[] {
  if (!raw.includes('\u001b')) return [{ text: visible(raw), class: '' }];
  const runs: Run[] = [];
  const style: Style = { flags: new Set(), color: null, background: null };
  let from = 0;
  const add = (text: string) => {
    if (text !== '') runs.push({ text: visible(text), ...appearance(style) });
  };
  for (const match of raw.matchAll(ESCAPE)) {
    add(raw.slice(from, match.index));
    if (match[2] === 'm') applyCodes(style, match[1] ?? '');
    from = match.index + match[0].length;
  }
  add(raw.slice(from));
  return runs;
}

export function stripAnsi(raw: string): string {
  return visible(raw.includes('\u001b') ? raw.replace(ESCAPE, '') : raw);
}

function visible(text: string): string {
  return text
    .replace(/\r+$|\r+(?=\n)/g, '')
    .replace(CONTROL, (one) => (one === '\u007f' ? '\u2421' : String.fromCharCode(0x2400 + one.charCodeAt(0))));
}

function applyCodes(style: Style, text: string): void {
  const codes = text.split(/[;:]/).map(Number);
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] ?? 0;
    if (code === 0) {
      style.flags.clear();
      style.color = style.background = null;
    } else if (FLAGS[code]) style.flags.add(FLAGS[code]);
    else if (ENDS[code]) for (const flag of ENDS[code]) style.flags.delete(flag);
    else if (code === 38 || code === 48) {
      const [color, used] = extended(codes.slice(at + 1));
      if (code === 38) style.color = color;
      else style.background = color;
      at += used;
    } else if (code === 39) style.color = null;
    else if (code === 49) style.background = null;
    else if (code >= 30 && code <= 37) style.color = String(code - 30);
    else if (code >= 90 && code <= 97) style.color = String(code - 82);
    else if (code >= 40 && code <= 47) style.background = String(code - 40);
    else if (code >= 100 && code <= 107) style.background = String(code - 92);
  }
}

/** The colour after 38 or 48, and how many codes it took. */
function extended(codes: number[]): [string | null, number] {
  const byte = (value: number | undefined) => Math.min(255, Math.max(0, Math.trunc(value ?? 0) || 0));
  if (codes[0] === 5) return [indexed(byte(codes[1])), 2];
  if (codes[0] === 2) return [`rgb(${byte(codes[1])} ${byte(codes[2])} ${byte(codes[3])})`, 4];
  return [null, codes.length];
}

/** The 256 colours: 16 named, a cube of 6 × 6 × 6, and 24 greys. */
function indexed(index: number): string {
  if (index < 16) return String(index);
  if (index >= 232) {
    const grey = 8 + (index - 232) * 10;
    return `rgb(${grey} ${grey} ${grey})`;
  }
  const steps = [0, 95, 135, 175, 215, 255];
  const at = index - 16;
  return `rgb(${steps[Math.floor(at / 36)]} ${steps[Math.floor(at / 6) % 6]} ${steps[at % 6]})`;
}

function appearance({ flags, color, background }: Style): Omit<Run, 'text'> {
  const classes = [...flags];
  const named = (value: string | null) => value !== null && !value.startsWith('rgb');
  if (color !== null) classes.push(named(color) ? `fg${color}` : 'fg');
  if (background !== null) classes.push(named(background) ? `bg${background}` : 'bg');
  const look: Omit<Run, 'text'> = { class: classes.join(' ') };
  if (color !== null && !named(color)) look.color = color;
  if (background !== null && !named(background)) look.background = background;
  return look;
}
