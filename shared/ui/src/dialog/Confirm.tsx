// Asks before something that cannot be taken back.
import { signal } from '@preact/signals';

import { Dialog } from './Dialog.tsx';

interface Question {
  title: string;
  text: string;
  action: string;
  run: () => void;
}

const question = signal<Question | null>(null);

export function confirmFirst(asked: Question): void {
  question.value = asked;
}

export function Confirm() {
  const asked = question.value;
  if (!asked) return null;
  const close = () => (question.value = null);
  return (
    <Dialog title={asked.title} onClose={close}>
      <p class="muted">{asked.text}</p>
      <div class="dialog-buttons">
        <button class="button" onClick={close}>
          Cancel
        </button>
        <button
          class="button danger"
          autofocus
          onClick={() => {
            close();
            asked.run();
          }}
        >
          {asked.action}
        </button>
      </div>
    </Dialog>
  );
}
