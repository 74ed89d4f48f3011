// The table of errors, with the pill for what came in since.
import { counted, exactNumber } from '@monlight/ui/number.ts';
import { showFault } from '@monlight/ui/feedback/toast.ts';

import { ErrorRow } from './ErrorRow.tsx';
import { list } from './list-model.ts';
import './table.css';

export function ErrorTable() {
  const { rows, selection, total, next } = list;
  const ticked = selection.ticked.value;
  const all = rows.value.every((item) => ticked.has(item.id));
  const of = `${exactNumber(total.value.count)}${total.value.exact ? '' : '+'}`;
  return (
    <div class="list">
      <Pill />
      <table class="errors">
        <thead>
          <tr>
            <th class="cell-tick" scope="col">
              <input
                type="checkbox"
                aria-label="Select all rows shown"
                checked={all}
                indeterminate={!all && ticked.size > 0}
                onChange={() => selection.tickAll()}
              />
            </th>
            <th scope="col">{next.value === null ? counted(rows.value.length, 'error') : `${exactNumber(rows.value.length)} of ${of} errors`}</th>
            <th class="cell-trend" scope="col">24 h</th>
            <th class="cell-count" scope="col">Reports</th>
            <th class="cell-seen" scope="col">Last seen</th>
            <th class="cell-seen first" scope="col">First seen</th>
          </tr>
        </thead>
        <tbody>
          {rows.value.map((item) => (
            <ErrorRow key={item.id} item={item} current={selection.cursor.value === item.id} ticked={ticked.has(item.id)} />
          ))}
        </tbody>
      </table>
      {next.value !== null && (
        <p class="more">
          <span class="muted">
            Showing {exactNumber(rows.value.length)} of {of}
          </span>
          <button class="button" disabled={list.loadingMore.value} onClick={() => void list.loadMore().catch(showFault)}>
            Load more
          </button>
        </p>
      )}
    </div>
  );
}

/** New rows wait here, so that nothing moves under the reader's eyes. */
function Pill() {
  const waiting = list.waiting.value;
  return (
    <div class="pill-place" aria-live="polite">
      {waiting && (
        <button
          class="pill"
          title="Show them (.)"
          onClick={() => {
            list.applyWaiting();
            window.scrollTo(0, 0);
          }}
        >
          {waiting.fresh > 0 ? `${exactNumber(waiting.fresh)} new` : 'New order'}
        </button>
      )}
    </div>
  );
}
