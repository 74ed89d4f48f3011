// A list in whichever state it is, with the pill for what came in since.
import { Failure, Skeleton } from '@monlight/ui/feedback/States.tsx';
import { LoadMore } from '@monlight/ui/list/LoadMore.tsx';
import { NewPill } from '@monlight/ui/list/NewPill.tsx';
import { exactNumber } from '@monlight/ui/number.ts';
import { signInNeeded } from '@monlight/ui/session.ts';
import type { ComponentChildren } from 'preact';

import type { PagedList } from './paged-list.ts';
import './list-body.css';

export interface ListBodyProps<Item extends { id: number }> {
  list: PagedList<Item>;
  /** What failed, if it does. */
  failure: string;
  empty: ComponentChildren;
  /** The table of the rows. */
  children: ComponentChildren;
}

export function ListBody<Item extends { id: number }>({ list, failure, empty, children }: ListBodyProps<Item>) {
  const state = list.state.value;
  if (state.kind === 'loading') return signInNeeded.value ? null : <Skeleton lines={10} />;
  if (state.kind === 'failed') return <Failure what={failure} error={state.error} retry={() => void list.reload()} />;
  const waiting = list.waiting.value;
  const count = list.rows.value.length;
  return (
    <div class="loaded" aria-busy={list.busy.value}>
      {count === 0 ? (
        empty
      ) : (
        <>
          <NewPill label={waiting && `${exactNumber(waiting.fresh)} new`} show={() => list.applyWaiting()} />
          {children}
          {list.next.value !== null && (
            <LoadMore shown={`${exactNumber(count)} of ${exactNumber(list.total.value)}`} busy={list.loadingMore.value} load={() => list.loadMore()} />
          )}
        </>
      )}
    </div>
  );
}
