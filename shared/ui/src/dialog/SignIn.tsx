// Asks for the key when a request was refused; what was being done then goes on.
import { useSignal } from '@preact/signals';

import { signIn } from '../session.ts';
import { Dialog } from './Dialog.tsx';

export interface SignInProps {
  title: string;
  /** The setting that holds the key. */
  setting: string;
}

export function SignIn({ title, setting }: SignInProps) {
  const key = useSignal('');
  const fault = useSignal<string | null>(null);
  const busy = useSignal(false);

  async function submit(event: Event) {
    event.preventDefault();
    busy.value = true;
    fault.value = null;
    try {
      await signIn(key.value);
    } catch (error) {
      fault.value = error instanceof Error ? error.message : String(error);
    } finally {
      busy.value = false;
    }
  }

  return (
    <Dialog title={title}>
      <form class="sign-in" onSubmit={submit}>
        {/* Password managers keep a key by name. */}
        <input class="visually-hidden" autocomplete="username" value={title} readOnly tabIndex={-1} aria-hidden="true" />
        <label for="api-key">API key</label>
        <input
          id="api-key"
          class="field"
          type="password"
          autocomplete="current-password"
          autofocus
          required
          value={key.value}
          aria-invalid={fault.value !== null}
          aria-describedby="sign-in-note"
          onInput={(event) => (key.value = event.currentTarget.value)}
        />
        <p id="sign-in-note" class={fault.value ? 'fault' : 'muted'} role={fault.value ? 'alert' : undefined}>
          {fault.value ?? `The value of ${setting} on the server. It is exchanged for a cookie and not stored.`}
        </p>
        <button class="button primary" disabled={busy.value}>
          Sign in
        </button>
      </form>
    </Dialog>
  );
}
