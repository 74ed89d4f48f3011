// A search field that asks a little after the last key, or at once on Enter.
import { useEffect, useRef } from 'preact/hooks';

import './filters.css';

const PAUSE_MS = 250;

export interface SearchBoxProps {
  value: string;
  placeholder: string;
  onSearch: (text: string) => void;
}

export function SearchBox({ value, placeholder, onSearch }: SearchBoxProps) {
  const field = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);

  useEffect(() => {
    // Going back changes the value from outside; what is being typed is not overwritten.
    const input = field.current;
    if (input && document.activeElement !== input) input.value = value;
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);

  function search(afterMs: number) {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onSearch(field.current?.value.trim() ?? ''), afterMs);
  }

  return (
    <input
      ref={field}
      class="field search"
      type="search"
      aria-label={placeholder}
      placeholder={placeholder}
      defaultValue={value}
      spellcheck={false}
      onInput={() => search(PAUSE_MS)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') search(0);
        if (event.key === 'Escape') event.currentTarget.blur();
      }}
    />
  );
}

/** Puts the cursor into the search field of the page. */
export function focusSearch(): void {
  const field = document.querySelector<HTMLInputElement>('.search');
  field?.focus();
  field?.select();
}
