// A structured line as one short line: what it says first, then key=value.
import type { Entry } from '../wire.ts';
import type { Run } from './run.ts';

const SAYS = ['message', 'msg', 'event', 'text', 'log', 'body'];
// What the row shows already.
const SHOWN_ELSEWHERE = new Set(['level', 'severity', 'lvl', 'loglevel', 'log.level', 'time', 'timestamp', 'ts', '@timestamp', 'date']);
const VALUE_LENGTH = 120;
const MOST_PAIRS = 24;

/** Null when the entry is not a line of JSON: its own text then says it best. */
export function summaryOf(entry: Entry): Run[] | null {
  const { fields } = entry;
  if (fields === null || !entry.message.trimStart().startsWith('{')) return null;
  const says = SAYS.find((key) => typeof fields[key] === 'string' && fields[key] !== '');
  const runs: Run[] = [];
  if (says !== undefined) runs.push({ text: firstLine(String(fields[says])), class: '' });
  const rest = Object.entries(fields).filter(([key]) => key !== says && !SHOWN_ELSEWHERE.has(key.toLowerCase()));
  for (const [key, value] of rest.slice(0, MOST_PAIRS)) {
    runs.push({ text: `${runs.length > 0 ? '  ' : ''}${key}=`, class: 'pair-key' }, { text: shortValue(value), class: 'pair-value' });
  }
  return runs.length > 0 ? runs : null;
}

function shortValue(value: unknown): string {
  const text = typeof value === 'string' ? firstLine(value) : JSON.stringify(value) ?? '';
  return text.length > VALUE_LENGTH ? `${text.slice(0, VALUE_LENGTH)}…` : text;
}

function firstLine(text: string): string {
  const end = text.indexOf('\n');
  return end === -1 ? text : `${text.slice(0, end)}…`;
}
