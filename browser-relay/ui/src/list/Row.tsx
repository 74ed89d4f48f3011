// One row of a list: a click anywhere opens it, but for its own buttons and links and for a selection of text.
import { go, linkWith } from '@monlight/ui/router.ts';
import type { ComponentChildren } from 'preact';

import type { PagedList } from './paged-list.ts';

export interface RowProps {
  id: number;
  /** The parameter that names the open item. */
  parameter: string;
  selection: PagedList<{ id: number }>['selection'];
  class?: string;
  children: ComponentChildren;
}

export function Row({ id, parameter, selection, class: extra = '', children }: RowProps) {
  const current = selection.cursor.value === id;
  return (
    <tr
      class={`${extra} ${current ? 'current' : ''}`}
      data-row={id}
      onFocusIn={() => (selection.cursor.value = id)}
      onClick={(event) => {
        const own = event.target instanceof Element && event.target.closest('a, button');
        if (!own && !String(getSelection())) go(linkWith({ [parameter]: String(id) }));
      }}
    >
      {children}
    </tr>
  );
}
