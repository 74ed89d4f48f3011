// What a page shows while it has nothing to show: waiting, or failed.
import { useEffect } from 'preact/hooks';
import { useSignal } from '@preact/signals';

import { ApiError } from '../api.ts';
import './feedback.css';

const PATIENCE_MS = 150;

/** Grey lines in place of content, but only once it takes long enough to notice. */
export function Skeleton({ lines }: { lines: number }) {
  const late = useSignal(false);
  useEffect(() => {
    const timer = setTimeout(() => (late.value = true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  if (!late.value) return <div class="skeleton" aria-busy="true" />;
  return (
    <div class="skeleton" aria-busy="true" aria-label="Loading">
      {Array.from({ length: lines }, (_, index) => (
        <div key={index} class="skeleton-line" />
      ))}
    </div>
  );
}

/** Says what failed and offers to try again. */
export function Failure({ what, error, retry }: { what: string; error: unknown; retry: () => void }) {
  const wait = error instanceof ApiError ? error.retryAfterSeconds : null;
  return (
    <div class="notice" role="alert">
      <h2>{what}</h2>
      <p class="muted">{error instanceof Error ? error.message : String(error)}</p>
      {wait !== null && <p class="muted">The service asks to wait {wait} s.</p>}
      <button class="button" onClick={retry}>
        Try again
      </button>
    </div>
  );
}
