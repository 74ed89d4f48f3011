// A value in its unit: short text, exact on hover.
import { asExactText, asText, type Unit } from './unit.ts';

export function Value({ value, unit }: { value: number | null | undefined; unit: Unit }) {
  if (value === null || value === undefined) return <span class="muted">–</span>;
  return <span title={asExactText(value, unit)}>{asText(value, unit)}</span>;
}
