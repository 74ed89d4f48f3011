// Single-key shortcuts: ignored while typing, in dialogs and with Ctrl, Alt or Meta.
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

export interface KeyBinding {
  /** As in KeyboardEvent.key. */
  keys: string[];
  label: string;
  run: (event: KeyboardEvent) => void;
}

/** What the keys do at present; the help overlay shows it. */
export const bindings = signal<KeyBinding[]>([]);

/** Binds keys for as long as the component is shown. Later ones win over earlier ones. */
export function useKeys(own: KeyBinding[]): void {
  useEffect(() => {
    bindings.value = [...own, ...bindings.peek()];
    return () => {
      bindings.value = bindings.peek().filter((binding) => !own.includes(binding));
    };
    // Bindings must read their state when run: they are taken once.
  }, []);
}

/** Hands key presses to the bindings. Returns the way to stop. */
export function startKeyboard(): () => void {
  document.addEventListener('keydown', onKeyDown);
  return () => document.removeEventListener('keydown', onKeyDown);
}

function onKeyDown(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector('dialog[open]')) return;
  if (isTyping(event.target)) return;
  // Enter on a button or link is already that button's or link's own.
  if (event.key === 'Enter' && event.target instanceof Element && event.target.closest('a, button')) return;
  const binding = bindings.peek().find((one) => one.keys.includes(event.key));
  if (!binding) return;
  event.preventDefault();
  binding.run(event);
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return target.type !== 'checkbox' && target.type !== 'radio';
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}
