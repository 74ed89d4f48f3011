// One source map in the list.
import { CopyButton } from '@monlight/ui/code/CopyButton.tsx';
import { binaryText, exactNumber } from '@monlight/ui/number.ts';
import { linkWith } from '@monlight/ui/router.ts';
import { Time } from '@monlight/ui/Time.tsx';

import { Row } from '../list/Row.tsx';
import type { SourceMap } from '../wire.ts';
import { deleteFirstAsking } from './actions.ts';
import { mapList } from './maps-model.ts';
import { addressParts, shortId, wasUsed } from './words.ts';

export function MapRow({ item }: { item: SourceMap }) {
  const [folder, file] = addressParts(item.file_url);
  return (
    <Row id={item.id} parameter="map" selection={mapList.selection}>
      <td class="cell-script">
        <a class="row-link script" href={linkWith({ map: String(item.id) })} title={item.file_url}>
          <span class="folder">{folder}</span>
          <span class="file">{file}</span>
        </a>
      </td>
      <td class="cell-name">
        <Chip name="project" value={item.project} />
      </td>
      <td class="cell-name">
        <Chip name="release" value={item.release} />
      </td>
      <td class="cell-size" title={`${exactNumber(item.size)} bytes`}>
        {binaryText(item.size)}
      </td>
      <td class="cell-debug">
        {item.debug_id === null ? (
          <span class="muted">–</span>
        ) : (
          <>
            <code title={item.debug_id}>{shortId(item.debug_id)}</code>
            <CopyButton text={() => item.debug_id ?? ''}>Copy</CopyButton>
          </>
        )}
      </td>
      <td class="cell-time uploaded muted">
        <Time at={item.uploaded_at} />
      </td>
      <td class="cell-time">{wasUsed(item) ? <Time at={item.last_used} /> : <span class="muted">never</span>}</td>
      <td class="cell-actions">
        <button class="button small quiet" aria-label={`Delete the map of ${file}`} onClick={() => deleteFirstAsking(item)}>
          Delete
        </button>
      </td>
    </Row>
  );
}

function Chip({ name, value }: { name: 'project' | 'release'; value: string }) {
  return (
    <a class="chip" href={linkWith({ [name]: value })} title={`Only ${name} ${value}`}>
      {value}
    </a>
  );
}
