// A filter by an exact name, which offers the names that are known.
import { go, linkWith } from '@monlight/ui/router.ts';
import { useEffect, useRef } from 'preact/hooks';

export interface NameFieldProps {
  /** The parameter of the address. */
  name: string;
  label: string;
  value: string;
  offers: string[];
  /** Where `/` leads. */
  search?: boolean;
}

export function NameField({ name, label, value, offers, search = false }: NameFieldProps) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    // Going back changes the value from outside.
    if (field.current) field.current.value = value;
  }, [value]);

  const narrow = (text: string) => go(linkWith({ [name]: text.trim() }));
  return (
    <>
      <input
        ref={field}
        class={`field name-field ${search ? 'search' : ''} ${value === '' ? '' : 'active'}`}
        type="search"
        list={`${name}-names`}
        aria-label={label}
        placeholder={label}
        title={`${label}, as a whole`}
        autocomplete="off"
        spellcheck={false}
        defaultValue={value}
        onInput={(event) => {
          const { currentTarget: input } = event;
          // A choice from the list comes as a whole, and the cross of the field empties it; else Enter says when it is one.
          const typed = event instanceof InputEvent && event.inputType !== 'insertReplacementText';
          if (!typed && (input.value === '' || offers.includes(input.value))) narrow(input.value);
        }}
        onChange={(event) => narrow(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') event.currentTarget.blur();
        }}
      />
      <datalist id={`${name}-names`}>
        {offers.map((text) => (
          <option key={text} value={text} />
        ))}
      </datalist>
    </>
  );
}
