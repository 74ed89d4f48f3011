// Numbers as text: short for reading, exact on hover.

const NARROW_SPACE = '\u202f';
// What rounds up to 1000 of the unit below.
const ALMOST_ONE = 0.9995;
const UNITS: [number, string][] = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];
const BYTES: [number, string][] = [
  [1e12, 'TB'],
  [1e9, 'GB'],
  [1e6, 'MB'],
  [1e3, 'KB'],
];
const BINARY: [number, string][] = [
  [2 ** 30, 'GiB'],
  [2 ** 20, 'MiB'],
  [2 ** 10, 'KiB'],
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

/** "812 B", "1.4 MB" */
export const bytesText = (value: number): string => sizeText(value, BYTES);

/** "812 B", "64 MiB": as limits are set. */
export const binaryText = (value: number): string => sizeText(value, BINARY);

function sizeText(value: number, units: [number, string][]): string {
  const [size, name] = units.find(([one]) => Math.abs(value) >= one) ?? [1, 'B'];
  const scaled = value / size;
  // Up to 1023 of a binary unit are not enough for the next one.
  return `${significant(scaled, Math.abs(scaled) < 1000 ? 3 : 4)}${NARROW_SPACE}${name}`;
}

/** So many digits that carry meaning, without zeros behind the point and without exponents. */
export function significant(value: number, digits: number): string {
  const rounded = Number(value.toPrecision(digits));
  if (rounded === 0) return '0';
  const places = Math.min(Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(rounded)))), 12);
  const text = rounded.toFixed(places);
  return (text.includes('.') ? text.replace(/\.?0+$/, '') : text).replace('-', '−');
}

function rounded(value: number): number {
  return value < 100 ? Math.round(value * 10) / 10 : Math.round(value);
}
