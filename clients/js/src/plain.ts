// Makes a bounded copy of any value that can be written as JSON and holds no secrets in its URLs.
import { attempt } from './attempt.ts';
import { scrub } from './scrub.ts';

/** Of one text, and of all together: three bytes each at most, so that a report fits into 64 KB. */
const TEXT_CHARS = 8000;
const MOST_CHARS = 15_000;
const MOST_LEVELS = 6;
/** Charged for a member, besides its texts. */
const MEMBER_CHARS = 8;

export function plain<T>(value: T): T {
  let left = MOST_CHARS;
  const text = (value: unknown) => {
    const cut = String(value).slice(0, Math.min(left, TEXT_CHARS));
    left -= cut.length;
    return scrub(cut);
  };
  const copy = (value: any, level: number): unknown => {
    if (value == null || /^[bn].*[nr]$/.test(typeof value)) return value;
    const isObject = typeof value == 'object';
    const parent = isObject && Object.getPrototypeOf(value);
    const isList = Array.isArray(value);
    // Only plain objects are looked into: of others, such as elements, nobody knows what a look sets off.
    if (!isList && (!isObject || (parent && Object.getPrototypeOf(parent)))) return text(value);
    if (level > MOST_LEVELS) return '[deep]';
    const made: any = isList ? [] : {};
    for (const name of Object.keys(value)) {
      // Nothing is read when none are left: a negative number would count from the end of a text.
      if (left > 0) {
        made[text(name)] = attempt(() => copy(value[name], level + 1));
        left -= MEMBER_CHARS;
      }
    }
    return made;
  };
  return copy(value, 0) as T;
}
