// The list of errors, in whichever state it is.
import { Failure, Skeleton } from '@monlight/ui/feedback/States.tsx';
import { query, rememberedScroll } from '@monlight/ui/router.ts';
import { signInNeeded } from '@monlight/ui/session.ts';
import { useEffect, useLayoutEffect } from 'preact/hooks';

import { BulkBar } from './BulkBar.tsx';
import { EmptyList } from './EmptyList.tsx';
import { ErrorTable } from './ErrorTable.tsx';
import { FilterBar } from './FilterBar.tsx';
import { asListQuery } from './filters.ts';
import { list } from './list-model.ts';
import { useListKeys } from './list-keys.ts';
import { ListFooter } from './ListFooter.tsx';
import './list.css';

let opened: string | null = null;

export function ListPage() {
  const params = query.value;
  const address = params.toString();
  useListKeys();

  useEffect(() => {
    document.title = 'Errors · Monlight';
    list.poller.start();
    return () => list.poller.stop();
  }, []);

  useEffect(() => {
    // Coming back from an error shows the same rows again; what is new shows up behind the pill.
    if (opened === address) void list.poller.ask();
    else {
      void list.open(() => asListQuery(params, Date.now()));
      window.scrollTo(0, rememberedScroll());
    }
    opened = address;
  }, [address]);

  useLayoutEffect(() => {
    focusCursor();
    window.scrollTo(0, rememberedScroll());
  }, []);

  const state = list.state.value;
  const nothingYet = list.rows.value.length === 0 && list.everything.value?.count === 0;
  return (
    <>
      <h1 class="visually-hidden">Errors</h1>
      {!nothingYet && <FilterBar />}
      {state.kind === 'loading' && !signInNeeded.value && <Skeleton lines={12} />}
      {state.kind === 'failed' && (
        <Failure what="The errors could not be loaded" error={state.error} retry={() => void list.reload()} />
      )}
      {state.kind === 'shown' && (list.rows.value.length === 0 ? <EmptyList /> : <ErrorTable />)}
      <ListFooter />
      <BulkBar />
    </>
  );
}

/** Gives the keyboard focus to the row of the cursor without moving the page. */
function focusCursor(): void {
  const id = list.selection.cursor.peek();
  if (id !== null) document.querySelector<HTMLElement>(`[data-error="${id}"] .row-link`)?.focus({ preventScroll: true });
}
