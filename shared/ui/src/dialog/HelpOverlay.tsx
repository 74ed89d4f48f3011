// What the keys do on this page, read from the bindings themselves.
import { signal } from '@preact/signals';
import { Fragment } from 'preact';

import { bindings } from '../keyboard.ts';
import { Dialog } from './Dialog.tsx';

export const helpOpen = signal(false);

const NAMES: Record<string, string> = { Escape: 'Esc', ' ': 'Space', ArrowUp: '↑', ArrowDown: '↓', PageUp: 'PgUp', PageDown: 'PgDn' };

export function HelpOverlay() {
  if (!helpOpen.value) return null;
  return (
    <Dialog title="Keyboard" onClose={() => (helpOpen.value = false)}>
      <dl class="key-list">
        {bindings.value.map((binding) => (
          <Fragment key={binding.label}>
            <dt>
              {distinct(binding.keys).map((key) => (
                <kbd key={key}>{NAMES[key] ?? key}</kbd>
              ))}
            </dt>
            <dd>{binding.label}</dd>
          </Fragment>
        ))}
      </dl>
    </Dialog>
  );
}

/** A key and the same key with Shift are one key to look for. */
function distinct(keys: string[]): string[] {
  return keys.filter((key, index) => keys.findIndex((other) => other.toLowerCase() === key.toLowerCase()) === index);
}
