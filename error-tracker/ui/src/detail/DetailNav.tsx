// The way back to the list, and to the errors before and after this one.
import { exactNumber } from '@monlight/ui/number.ts';
import { go, hasHistory, linkTo } from '@monlight/ui/router.ts';

import { listAddress } from '../list/list-address.ts';
import { list } from '../list/list-model.ts';
import { stepError } from './detail-keys.ts';

export function DetailNav({ id }: { id: number }) {
  const rows = list.rows.value;
  const index = rows.findIndex((item) => item.id === id);
  return (
    <nav class="detail-nav" aria-label="Error">
      <a
        href={listAddress.value}
        onClick={(event) => {
          if (event.metaKey || event.ctrlKey || event.shiftKey) return;
          event.preventDefault();
          goBack();
        }}
      >
        ← Errors
      </a>
      <span class="muted">#{id}</span>
      {index !== -1 && (
        <span class="stepper">
          <button class="button small quiet" aria-label="Previous error" title="Previous error (k)" disabled={index === 0} onClick={() => stepError(id, -1)}>
            ‹
          </button>
          <span class="muted">
            {index + 1} of {exactNumber(rows.length)}
          </span>
          <button class="button small quiet" aria-label="Next error" title="Next error (j)" disabled={index === rows.length - 1} onClick={() => stepError(id, 1)}>
            ›
          </button>
        </span>
      )}
    </nav>
  );
}

/** Back in the history when the list is there, so that its scroll position is kept. */
export function goBack(): void {
  if (hasHistory()) history.back();
  else go(listAddress.value || linkTo({}));
}
