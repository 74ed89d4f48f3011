// An empty list, and why it is empty.
import { counted } from '@monlight/ui/number.ts';
import { linkTo, linkWith, query } from '@monlight/ui/router.ts';
import { Time } from '@monlight/ui/Time.tsx';

import { FirstReport } from './FirstReport.tsx';
import { isNarrowed, narrowingInWords, statusChanges, statusOf, withoutNarrowing } from './filters.ts';
import { list } from './list-model.ts';

export function EmptyList() {
  const everything = list.everything.value;
  if (everything === null) return null;
  if (everything.count === 0) return <FirstReport />;
  const params = query.value;
  const all = linkTo(statusChanges('all'));
  if (isNarrowed(params)) {
    return (
      <div class="notice">
        <h2>Nothing matches</h2>
        <p class="muted">
          No {statusOf(params) === 'all' ? '' : statusOf(params)} errors with {narrowingInWords(params).join(', ')}.
        </p>
        <a class="button" href={linkWith(withoutNarrowing())}>
          Clear filters
        </a>
        <a href={all}>Look through all {counted(everything.count, 'error')}</a>
      </div>
    );
  }
  const open = statusOf(params) === 'open';
  return (
    <div class="notice calm">
      <h2>{open ? 'All clear' : `No ${statusOf(params)} errors`}</h2>
      <p class="muted">
        {open && 'Every error is resolved or ignored. '}
        {everything.lastSeen && (
          <>
            The last report came in <Time at={everything.lastSeen} />.
          </>
        )}
      </p>
      <a href={all}>Look through all {counted(everything.count, 'error')}</a>
    </div>
  );
}
