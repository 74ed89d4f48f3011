// The list with its filters and histogram, in whichever state it is.
import { lazy } from '@monlight/ui/feedback/Lazy.tsx';
import { Failure, Skeleton } from '@monlight/ui/feedback/States.tsx';
import { query } from '@monlight/ui/router.ts';
import { signInNeeded } from '@monlight/ui/session.ts';
import { useEffect } from 'preact/hooks';

import { containers } from '../containers/containers.ts';
import { containersOf, listKey } from '../filters/address.ts';
import { FilterBar } from '../filters/FilterBar.tsx';
import { NewPill } from '../live/NewPill.tsx';
import { list } from './list-model.ts';
import { useListKeys } from './list-keys.ts';
import { StatusLine } from './StatusLine.tsx';

// Everything that shows lines is fetched while the first lines are asked for.
const { Lazy: LogList, prefetch } = lazy(() => import('./LogList.tsx').then((module) => module.LogList));
// The bars get a place of their size, so that nothing moves when they come.
const { Lazy: HistogramView } = lazy(() => import('../histogram/HistogramView.tsx').then((module) => module.HistogramView));
const { Lazy: EmptyList } = lazy(() => import('../states/EmptyList.tsx').then((module) => module.EmptyList));

prefetch();

let opened: string | null = null;

export function ListPage() {
  const params = query.value;
  const key = listKey(params);
  useListKeys();

  useEffect(() => {
    document.title = 'Logs · Monlight';
    // Coming back from a line's surroundings shows the same rows at the same place.
    if (opened === key) return;
    opened = key;
    void list.open(params);
  }, [key]);

  const state = list.state.value;
  const version = list.view.lines.version.value;
  const empty = version >= 0 && list.view.lines.rows.length === 0;
  const nothingYet = containers.value?.length === 0 && empty;
  return (
    <section class="content" aria-label="Log lines" aria-busy={list.busy.value}>
      {!nothingYet && <FilterBar />}
      {!nothingYet && (
        <div class="histogram-place">
          <HistogramView />
        </div>
      )}
      {state.kind === 'loading' && !signInNeeded.value && <Skeleton lines={40} />}
      {state.kind === 'failed' && <Failure what="The lines could not be loaded" error={state.error} retry={() => void list.reload()} />}
      {state.kind === 'shown' && empty && <EmptyList />}
      {state.kind === 'shown' && !empty && (
        <LogList view={list.view} showContainer={showsContainer(params)}>
          <NewPill />
        </LogList>
      )}
      <StatusLine />
    </section>
  );
}

function showsContainer(params: URLSearchParams): boolean {
  const chosen = containersOf(params).length;
  return chosen === 0 ? (containers.value?.length ?? 2) > 1 : chosen > 1;
}
