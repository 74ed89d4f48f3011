// A field of a form with its name, a hint, and what the service says is wrong with it.
import type { ComponentChildren } from 'preact';

import './form.css';

export interface FieldProps {
  /** Of the control inside. */
  id: string;
  label: string;
  optional?: boolean;
  hint?: ComponentChildren;
  fault: string | null;
  children: ComponentChildren;
}

export function Field({ id, label, optional = false, hint, fault, children }: FieldProps) {
  return (
    <div class={`form-field ${fault === null ? '' : 'faulty'}`}>
      <label for={id}>
        {label}
        {optional && <span class="muted"> · optional</span>}
      </label>
      {children}
      <div id={`${id}-note`} class="form-note">
        {fault !== null && (
          <p class="fault" role="alert">
            {fault}
          </p>
        )}
        {hint && <div class="muted">{hint}</div>}
      </div>
    </div>
  );
}

/** What ties a control to its field. */
export const fieldProps = (id: string, fault: string | null) => ({
  id,
  'aria-invalid': fault !== null,
  'aria-describedby': `${id}-note`,
});
