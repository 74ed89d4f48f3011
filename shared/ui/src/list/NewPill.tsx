// News wait here, so that nothing moves under the reader's eyes.
import './list.css';

export interface NewPillProps {
  /** Null while nothing waits. */
  label: string | null;
  show: () => void;
}

export function NewPill({ label, show }: NewPillProps) {
  return (
    <div class="pill-place" aria-live="polite">
      {label !== null && (
        <button
          class="pill"
          title="Show them (.)"
          onClick={() => {
            show();
            window.scrollTo(0, 0);
          }}
        >
          {label}
        </button>
      )}
    </div>
  );
}
