// The lines that the filters find, as a file.
import { query } from '@monlight/ui/router.ts';

import { exportAddress } from '../logs-api.ts';
import { asLogQuery } from './address.ts';
import './download.css';

export function Download() {
  const asked = asLogQuery(query.value);
  return (
    <details class="download">
      <summary class="button small">Download</summary>
      <div class="download-choices">
        <a href={exportAddress(asked, 'text')} download onClick={fold}>
          Text
        </a>
        <a href={exportAddress(asked, 'ndjson')} download onClick={fold}>
          JSON, one line each
        </a>
      </div>
    </details>
  );
}

function fold(event: MouseEvent): void {
  if (event.currentTarget instanceof Element) event.currentTarget.closest('details')?.removeAttribute('open');
}
