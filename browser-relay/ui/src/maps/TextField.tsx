// A required line of text, which may offer what is known.
import type { Signal } from '@preact/signals';

import { Field, fieldProps } from '../form/Field.tsx';

export interface TextFieldProps {
  id: string;
  label: string;
  value: Signal<string>;
  placeholder: string;
  fault: string | null;
  hint?: string;
  offers?: string[];
}

export function TextField({ id, label, value, placeholder, fault, hint, offers }: TextFieldProps) {
  return (
    <Field id={id} label={label} fault={fault} hint={hint}>
      <input
        {...fieldProps(id, fault)}
        class="field"
        required
        autocomplete="off"
        spellcheck={false}
        placeholder={placeholder}
        list={offers && `${id}-names`}
        value={value.value}
        onInput={(event) => (value.value = event.currentTarget.value)}
      />
      {offers && (
        <datalist id={`${id}-names`}>
          {offers.map((text) => (
            <option key={text} value={text} />
          ))}
        </datalist>
      )}
    </Field>
  );
}
