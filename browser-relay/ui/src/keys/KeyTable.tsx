// The table of keys.
import { counted, exactNumber } from '@monlight/ui/number.ts';

import { KeyRow } from './KeyRow.tsx';
import { keyList } from './keys-model.ts';

export function KeyTable() {
  const { rows, total, next } = keyList;
  const count = rows.value.length;
  return (
    <table class="rows keys">
      <thead>
        <tr>
          <th scope="col">{next.value === null ? counted(count, 'key') : `${exactNumber(count)} of ${counted(total.value, 'key')}`}</th>
          <th class="cell-key" scope="col">Key</th>
          <th class="cell-origins" scope="col">Origins</th>
          <th class="cell-limit" scope="col">Limit</th>
          <th class="cell-time" scope="col">Last used</th>
          <th class="cell-time made" scope="col">Made</th>
          <th class="cell-actions" scope="col">
            <span class="visually-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.value.map((key) => (
          <KeyRow key={key.id} item={key} />
        ))}
      </tbody>
    </table>
  );
}
