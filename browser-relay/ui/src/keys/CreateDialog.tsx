// Makes a key. What was typed stays when the dialog is closed by mistake.
import { Dialog } from '@monlight/ui/dialog/Dialog.tsx';
import { go, linkWith } from '@monlight/ui/router.ts';
import { signal, useSignal } from '@preact/signals';

import { about } from '../about.ts';
import { Field, fieldProps } from '../form/Field.tsx';
import { formFault, type FormFault } from '../form/fault.ts';
import { createKey } from '../relay-api.ts';
import { creating, keyList, madeNow } from './keys-model.ts';
import { looked } from './looked.ts';
import { originsOf } from './origins.ts';
import { OriginsField } from './OriginsField.tsx';

const FIELDS = ['project', 'allowed_origins', 'rate_limit'];
const project = signal('');
const origins = signal('');
const limit = signal('');

export function CreateDialog() {
  const fault = useSignal<FormFault | null>(null);
  const busy = useSignal(false);
  const faultOf = (field: string | null) => (fault.value?.field === field ? fault.value.text : null);
  const close = () => (creating.value = false);

  async function submit(event: Event) {
    event.preventDefault();
    busy.value = true;
    fault.value = null;
    try {
      const allowed = originsOf(origins.value);
      const made = await createKey({
        project: project.value,
        ...(allowed.length > 0 && { allowed_origins: allowed }),
        ...(limit.value !== '' && { rate_limit: Number(limit.value) }),
      });
      project.value = origins.value = limit.value = '';
      madeNow.value = made.id;
      // The list may be narrowed to others.
      looked.value = made;
      close();
      go(linkWith({ key: String(made.id) }));
      await keyList.reload();
    } catch (error) {
      fault.value = formFault(error, FIELDS);
    } finally {
      busy.value = false;
    }
  }

  return (
    <Dialog title="New key" wide onClose={close}>
      <form class="form" onSubmit={submit}>
        <Field id="new-key-project" label="Project" fault={faultOf('project')} hint="What its errors and metrics are filed under.">
          <input
            {...fieldProps('new-key-project', faultOf('project'))}
            class="field"
            autofocus
            required
            maxLength={100}
            placeholder="shop"
            value={project.value}
            onInput={(event) => (project.value = event.currentTarget.value)}
          />
        </Field>
        <OriginsField text={origins} fault={faultOf('allowed_origins')} />
        <Field
          id="new-key-limit"
          label="Requests in a minute from one client"
          optional
          fault={faultOf('rate_limit')}
          hint="Beyond it a client is told to come again later."
        >
          <input
            {...fieldProps('new-key-limit', faultOf('rate_limit'))}
            class="field"
            type="number"
            inputMode="numeric"
            min={1}
            max={1_000_000}
            placeholder={String(about.value?.rate_limit ?? '')}
            value={limit.value}
            onInput={(event) => (limit.value = event.currentTarget.value)}
          />
        </Field>
        {faultOf(null) !== null && (
          <p class="fault" role="alert">
            {faultOf(null)}
          </p>
        )}
        <div class="dialog-buttons">
          <button type="button" class="button" onClick={close}>
            Cancel
          </button>
          <button class="button primary" disabled={busy.value}>
            Make the key
          </button>
        </div>
      </form>
    </Dialog>
  );
}
