// A choice among values, one of which may be "all".
import './filters.css';

export interface SelectProps {
  label: string;
  value: string;
  options: readonly (readonly [value: string, label: string])[];
  onChange: (value: string) => void;
}

export function Select({ label, value, options, onChange }: SelectProps) {
  // A link may name a value that is not offered any more; it is still what is filtered by.
  const all = options.some(([one]) => one === value) ? options : [...options, [value, value] as const];
  return (
    <select
      class={`field select ${value === '' ? '' : 'active'}`}
      aria-label={label}
      title={label}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    >
      {all.map(([one, text]) => (
        <option key={one} value={one} selected={one === value}>
          {text}
        </option>
      ))}
    </select>
  );
}
