import { expect, test } from 'vitest';

import { chance } from '../sample.ts';
import { parseAnsi, stripAnsi } from './ansi.ts';
import { textOf } from './run.ts';

const ESC = '\u001b';

test.each([
  ['plain', [{ text: 'plain', class: '' }]],
  [`${ESC}[31mred${ESC}[0m not`, [{ text: 'red', class: 'fg1' }, { text: ' not', class: '' }]],
  [`${ESC}[1;92mbold`, [{ text: 'bold', class: 'bold fg10' }]],
  [`${ESC}[1mb${ESC}[22mn`, [{ text: 'b', class: 'bold' }, { text: 'n', class: '' }]],
  [`${ESC}[44;97mon blue${ESC}[49mno`, [{ text: 'on blue', class: 'fg15 bg4' }, { text: 'no', class: 'fg15' }]],
  [`${ESC}[38;5;9mnine`, [{ text: 'nine', class: 'fg9' }]],
  [`${ESC}[38;5;208morange`, [{ text: 'orange', class: 'fg', color: 'rgb(255 135 0)' }]],
  [`${ESC}[38;5;244mgrey`, [{ text: 'grey', class: 'fg', color: 'rgb(128 128 128)' }]],
  [`${ESC}[38;2;1;2;3mrgb${ESC}[39m.`, [{ text: 'rgb', class: 'fg', color: 'rgb(1 2 3)' }, { text: '.', class: '' }]],
  [`${ESC}[48;2;9;999;3mbg`, [{ text: 'bg', class: 'bg', background: 'rgb(9 255 3)' }]],
  [`${ESC}[mreset`, [{ text: 'reset', class: '' }]],
])('%j', (raw, runs) => {
  expect(parseAnsi(raw)).toEqual(runs);
});

test.each([
  [`${ESC}[2K${ESC}[1Gdone`, 'done'],
  [`${ESC}]0;title\u0007text`, 'text'],
  [`${ESC}]8;;https://example.org${ESC}\\link${ESC}]8;;${ESC}\\`, 'link'],
  [`${ESC}(Btext${ESC}[?25l`, 'text'],
  ['50 %\r', '50 %'],
  ['a\r\nb', 'a\nb'],
  ['a\u0000b\u0007', 'a␀b␇'],
  ['cut off ' + ESC, 'cut off '],
  [`cut off ${ESC}[3`, 'cut off '],
])('of %j only the text is left', (raw, text) => {
  expect(stripAnsi(raw)).toBe(text);
});

test('any text at all is taken, and both ways agree', () => {
  const pick = chance(11);
  const alphabet = `ab ;:[]m0123456789?\u001b\u001b\u001b\u0007\\(\n\r\u0000é漢😀`;
  for (let turn = 0; turn < 3000; turn++) {
    const raw = Array.from({ length: pick(40) }, () => alphabet[pick(alphabet.length)]).join('');
    expect(textOf(parseAnsi(raw)).replace(/\r/g, '')).not.toContain('\u001b');
    expect(textOf(parseAnsi(raw)).replace(/\u240d|\r/g, '')).toBe(stripAnsi(raw).replace(/\u240d|\r/g, ''));
  }
});
