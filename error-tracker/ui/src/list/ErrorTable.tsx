// The table of errors, with the pill for what came in since.
import { LoadMore } from '@monlight/ui/list/LoadMore.tsx';
import { NewPill } from '@monlight/ui/list/NewPill.tsx';
import { counted, exactNumber } from '@monlight/ui/number.ts';

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
      <table class="rows errors">
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
        <LoadMore shown={`${exactNumber(rows.value.length)} of ${of}`} busy={list.loadingMore.value} load={() => list.loadMore()} />
      )}
    </div>
  );
}

function Pill() {
  const waiting = list.waiting.value;
  const label = waiting && (waiting.fresh > 0 ? `${exactNumber(waiting.fresh)} new` : 'New order');
  return <NewPill label={label} show={() => list.applyWaiting()} />;
}
