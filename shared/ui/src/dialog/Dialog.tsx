// A modal dialog on the browser's own element: focus is kept inside and given back at the end.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

import './dialog.css';

export interface DialogProps {
  title: string;
  /** Called for Esc, and for a click beside the dialog. Without it the dialog stays. */
  onClose?: () => void;
  /** With room for code. */
  wide?: boolean;
  children: ComponentChildren;
}

export function Dialog({ title, onClose, wide = false, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  // Text that is selected with the mouse may end beside the dialog.
  const pressedBeside = useRef(false);

  useEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);

  return (
    <dialog
      ref={element}
      class={`dialog ${wide ? 'wide' : ''}`}
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
      onKeyDown={(event) => {
        // A browser closes a dialog on the second Esc whatever `cancel` says.
        if (event.key !== 'Escape') return;
        event.preventDefault();
        onClose?.();
      }}
      onPointerDown={(event) => (pressedBeside.current = event.target === element.current)}
      onClick={(event) => {
        if (event.target === element.current && pressedBeside.current) onClose?.();
      }}
    >
      <div class="dialog-body">
        <h2>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}
