// Two occurrences as fields, for reading them side by side.
import type { Occurrence } from '../wire.ts';

export interface Difference {
  name: string;
  left: string;
  right: string;
  same: boolean;
}

const DEEPEST = 6;

export function differences(left: Occurrence, right: Occurrence): Difference[] {
  const [a, b] = [fieldsOf(left), fieldsOf(right)];
  const names = [...new Set([...a.keys(), ...b.keys()])];
  return names.map((name) => {
    const pair = { left: a.get(name) ?? '', right: b.get(name) ?? '' };
    return { name, ...pair, same: pair.left === pair.right };
  });
}

/** A text in three parts, of which only the middle one differs from the other text. */
export function splitAtDifference(text: string, other: string): [same: string, differs: string, same: string] {
  const shorter = Math.min(text.length, other.length);
  let head = 0;
  while (head < shorter && text[head] === other[head]) head++;
  let tail = 0;
  while (tail < shorter - head && text[text.length - 1 - tail] === other[other.length - 1 - tail]) tail++;
  return [text.slice(0, head), text.slice(head, text.length - tail), text.slice(text.length - tail)];
}

function fieldsOf(occurrence: Occurrence): Map<string, string> {
  const fields = new Map<string, string>();
  const add = (name: string, value: unknown) => {
    if (value !== null && value !== undefined && value !== '') fields.set(name, String(value));
  };
  add('time', occurrence.timestamp);
  add('message', occurrence.message);
  add('level', occurrence.level);
  add('environment', occurrence.environment);
  add('release', occurrence.release);
  add('user', occurrence.user_id);
  add('session', occurrence.session_id);
  add('trace', occurrence.trace_id);
  add('method', occurrence.request_method);
  add('address', occurrence.request_url);
  for (const [name, value] of Object.entries(occurrence.request_headers ?? {})) add(`header ${name}`, value);
  flatten('extra', occurrence.extra, add);
  add('traceback', occurrence.traceback.trimEnd());
  return fields;
}

function flatten(name: string, value: unknown, add: (name: string, value: unknown) => void, depth = 0): void {
  if (typeof value !== 'object' || value === null) return add(name, value);
  if (depth === DEEPEST) return add(name, JSON.stringify(value));
  for (const [key, member] of Object.entries(value)) flatten(`${name}.${key}`, member, add, depth + 1);
}
