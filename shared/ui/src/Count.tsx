// A number: short text, exact on hover.
import { exactNumber, shortNumber } from './number.ts';

export function Count({ value, unit }: { value: number; unit: string }) {
  return <span title={`${exactNumber(value)} ${unit}`}>{shortNumber(value)}</span>;
}
