// Where short messages appear.
import { closeToast, toasts } from './toast.ts';
import './feedback.css';

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map(({ id, text, kind, action }) => (
        <div key={id} class={`toast ${kind}`}>
          <span>{text}</span>
          {action && (
            <button
              class="link-button"
              onClick={() => {
                closeToast(id);
                action.run();
              }}
            >
              {action.label}
            </button>
          )}
          <button class="close" aria-label="Close" onClick={() => closeToast(id)}>
            ×
          </button>
        </div>
      ))}
    </div>
  );
}
