// Numbers as text: short for reading, exact on hover.

const NARROW_SPACE = '\u202f';
// What rounds up to 1000 of the unit below.
const ALMOST_ONE = 0.9995;
const UNITS: [number, string][] = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];

/** "999", "1.2 k", "48.3 k", "120 k", "3.4 M" */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  if (size < 1000) return String(value);
  // The unit is chosen after rounding, so that 999 950 is "1 M" and not "1000 k".
  const [one, name] = UNITS.find(([unit]) => size / unit >= ALMOST_ONE) ?? [1, ''];
  return `${value < 0 ? '−' : ''}${rounded(size / one)}${NARROW_SPACE}${name}`;
}

/** "48 312" */
export function exactNumber(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, NARROW_SPACE);
}

/** "1 error", "2 errors" */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${exactNumber(value)} ${value === 1 ? one : many}`;
}

function rounded(value: number): number {
  return value < 100 ? Math.round(value * 10) / 10 : Math.round(value);
}
