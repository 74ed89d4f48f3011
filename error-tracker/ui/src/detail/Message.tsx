// A message of any length: wraps, and folds when it is long.
import { counted } from '@monlight/ui/number.ts';
import { useSignal } from '@preact/signals';

const LINES = 12;
const CHARACTERS = 1400;

export function Message({ text }: { text: string }) {
  const open = useSignal(false);
  const long = isLong(text);
  return (
    <div class={`detail-message ${long ? 'long' : ''}`}>
      <p class={long && !open.value ? 'folded' : ''}>{text === '' ? <span class="muted">(no message)</span> : text}</p>
      {long && (
        <button class="link-button" aria-expanded={open.value} onClick={() => (open.value = !open.value)}>
          {open.value ? 'Show less' : `Show all ${counted(text.length, 'character')}`}
        </button>
      )}
    </div>
  );
}

export function isLong(text: string): boolean {
  return text.length > CHARACTERS || text.split('\n', LINES + 1).length > LINES;
}
