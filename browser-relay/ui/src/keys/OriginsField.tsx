// The origins that may send, one in each line, with what each line means.
import type { Signal } from '@preact/signals';

import { about } from '../about.ts';
import { Field, fieldProps } from '../form/Field.tsx';
import { hintsOf, replaceLine } from './origins.ts';

const SHOWN = 6;

export function OriginsField({ text, fault }: { text: Signal<string>; fault: string | null }) {
  const hints = hintsOf(text.value);
  // What is wrong comes first, so that a long list does not hide it.
  const shown = [...hints].sort((a, b) => Number(a.ok) - Number(b.ok)).slice(0, SHOWN);
  return (
    <Field
      id="new-key-origins"
      label="Origins of the pages that may send"
      optional
      fault={fault}
      hint={
        hints.length === 0 ? (
          <>
            One in each line, exact or with one * in the host: https://*.example.com.{' '}
            {about.value?.any_origin === false ? 'Without any, CORS_ORIGINS decides.' : 'Without any, every page may send.'}
          </>
        ) : (
          <ul class="origin-hints" aria-live="polite">
            {shown.map((hint, index) => (
              <li key={index} class={hint.ok ? '' : 'bad'}>
                <code>{hint.line}</code> {hint.text}{' '}
                {hint.instead && (
                  <button type="button" class="link-button" onClick={() => (text.value = replaceLine(text.value, hint.line, hint.instead!))}>
                    Use {hint.instead}
                  </button>
                )}
              </li>
            ))}
            {hints.length > SHOWN && <li>and {hints.length - SHOWN} more</li>}
          </ul>
        )
      }
    >
      <textarea
        {...fieldProps('new-key-origins', fault)}
        class="field code"
        rows={3}
        spellcheck={false}
        placeholder="https://shop.example.com"
        value={text.value}
        onInput={(event) => (text.value = event.currentTarget.value)}
      />
    </Field>
  );
}
