// No line to show, and why.
import { counted } from '@monlight/ui/number.ts';
import { linkTo, linkWith, query } from '@monlight/ui/router.ts';

import { containers } from '../containers/containers.ts';
import { activeFilters, withoutFilters } from '../filters/address.ts';
import { EdgeNote } from '../lines/EdgeNote.tsx';
import { list } from '../lines/list-model.ts';
import { plainWord } from '../text/needles.ts';
import { NoContainers } from './NoContainers.tsx';
import './states.css';

export function EmptyList() {
  const params = query.value;
  const all = containers.value;
  if (all === null) return null;
  if (all.length === 0) return <NoContainers />;
  const edge = list.view.older.value;
  const filters = activeFilters(params);
  const word = plainWord(params.get('search') ?? '');
  const kept = all.reduce((sum, one) => sum + one.log_count, 0);
  return (
    <div class="notice">
      <h2>{edge.kind !== 'end' ? 'Nothing found so far' : filters.length > 0 ? 'Nothing found' : 'No lines yet'}</h2>
      {edge.kind !== 'end' && <EdgeNote edge={edge} load={() => void list.view.loadOlder()} side="older" />}
      {filters.length === 0 && edge.kind === 'end' && <p class="muted">{counted(all.length, 'container')} found. Their lines appear here as soon as they write some.</p>}
      {filters.length > 0 && (
        <>
          <p class="muted">No line matches all of this. Drop one:</p>
          <ul class="active-filters">
            {filters.map(({ words, without }) => (
              <li key={words}>
                <a class="chip" href={linkWith(without)}>
                  {words} ×
                </a>
              </li>
            ))}
          </ul>
          {word !== null && (
            <p>
              A word is found as a whole. <a href={linkWith({ search: `*${word}*` })}>Search for *{word}*</a> to find it inside others.
            </p>
          )}
          <a class="button" href={linkTo(withoutFilters())}>
            Look through all {counted(kept, 'line')}
          </a>
        </>
      )}
    </div>
  );
}
