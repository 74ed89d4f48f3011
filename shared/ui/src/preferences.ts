// What the reader chose for himself: theme, time zone and the like. The only use of local storage.
import { effect, signal, type Signal } from '@preact/signals';

export type Theme = 'auto' | 'light' | 'dark';
export type Zone = 'local' | 'utc';

export const theme = remembered<Theme>('monlight.theme', ['auto', 'light', 'dark']);
export const zone = remembered<Zone>('monlight.zone', ['local', 'utc']);

effect(() => {
  if (theme.value === 'auto') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme.value;
});

/** A signal that starts with the stored choice and stores each new one. */
export function remembered<T extends string>(key: string, choices: readonly [T, ...T[]]): Signal<T> {
  const stored = read(key);
  const choice = signal<T>(choices.find((one) => one === stored) ?? choices[0]);
  effect(() => write(key, choice.value));
  return choice;
}

// Storage may be switched off; the choice then lasts as long as the page.
function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // See above.
  }
}
