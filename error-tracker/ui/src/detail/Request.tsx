// The request that failed, and what the program said besides.
import { CopyButton } from '@monlight/ui/code/CopyButton.tsx';
import { JsonTree } from '@monlight/ui/code/JsonTree.tsx';
import { ExternalLink } from '@monlight/ui/ExternalLink.tsx';

import type { Occurrence } from '../wire.ts';
import { asCurl } from './curl.ts';
import './request.css';

export function Request({ occurrence }: { occurrence: Occurrence }) {
  const { request_url: url, request_method: method, request_headers: given } = occurrence;
  const headers = Object.entries(given ?? {});
  if (!url && headers.length === 0) return null;
  return (
    <section class="panel">
      <header>
        <h2>{method === 'BROWSER' ? 'Page' : 'Request'}</h2>
        {url && method !== 'BROWSER' && <CopyButton text={() => asCurl(occurrence)}>Copy as curl</CopyButton>}
      </header>
      {url && (
        <p class="request-line code">
          {method && method !== 'BROWSER' && <strong>{method} </strong>}
          <ExternalLink href={url} />
        </p>
      )}
      {headers.length > 0 && (
        <dl class="headers code">
          {headers.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}

export function Extra({ value }: { value: unknown }) {
  if (value === null || value === undefined) return null;
  return (
    <section class="panel">
      <header>
        <h2>Extra</h2>
        <CopyButton text={() => JSON.stringify(value, null, 2)}>Copy JSON</CopyButton>
      </header>
      <JsonTree value={typeof value === 'object' ? value : { value }} />
    </section>
  );
}
