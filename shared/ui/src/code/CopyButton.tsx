// Copies a text and says so for a moment.
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';

import { showToast } from '../feedback/toast.ts';

const SHOWN_MS = 1500;

export interface CopyButtonProps {
  /** Made when needed: a trace as Markdown is not worth making on every render. */
  text: () => string;
  children: ComponentChildren;
  class?: string;
}

export function CopyButton({ text, children, class: extra = '' }: CopyButtonProps) {
  const done = useSignal(false);
  return (
    <button
      type="button"
      class={`button small quiet ${extra}`}
      onClick={() =>
        void copyText(text()).then((copied) => {
          if (!copied) return showToast('The browser did not allow copying.', undefined, 'fault');
          done.value = true;
          setTimeout(() => (done.value = false), SHOWN_MS);
        })
      }
    >
      {done.value ? 'Copied' : children}
    </button>
  );
}

export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** On plain http there is no clipboard API; selecting a field and copying it works everywhere. */
function copyBySelection(text: string): boolean {
  const field = document.createElement('textarea');
  field.value = text;
  // Beside an open dialog nothing can be selected.
  const place = [...document.querySelectorAll('dialog[open]')].at(-1) ?? document.body;
  place.append(field);
  field.select();
  const copied = document.execCommand('copy');
  field.remove();
  return copied;
}
