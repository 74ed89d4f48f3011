// The table of source maps.
import { counted, exactNumber } from '@monlight/ui/number.ts';

import { MapRow } from './MapRow.tsx';
import { mapList } from './maps-model.ts';

export function MapTable() {
  const { rows, total, next } = mapList;
  const count = rows.value.length;
  return (
    <table class="rows maps">
      <thead>
        <tr>
          <th scope="col">{next.value === null ? counted(count, 'script') : `${exactNumber(count)} of ${counted(total.value, 'script')}`}</th>
          <th class="cell-name" scope="col">Project</th>
          <th class="cell-name" scope="col">Release</th>
          <th class="cell-size" scope="col">Size</th>
          <th class="cell-debug" scope="col">Debug id</th>
          <th class="cell-time uploaded" scope="col">Uploaded</th>
          <th class="cell-time" scope="col">Last used</th>
          <th class="cell-actions" scope="col">
            <span class="visually-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.value.map((map) => (
          <MapRow key={map.id} item={map} />
        ))}
      </tbody>
    </table>
  );
}
