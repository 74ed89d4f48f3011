// The shortcuts that both lists have.
import { focusSearch } from '@monlight/ui/filters/SearchBox.tsx';
import { useKeys, type KeyBinding } from '@monlight/ui/keyboard.ts';
import { go, linkWith, query, type Changes } from '@monlight/ui/router.ts';

import type { PagedList } from './paged-list.ts';

export interface ListKeys {
  list: Pick<PagedList<{ id: number }>, 'selection' | 'applyWaiting'>;
  /** What one row is called. */
  noun: string;
  /** The parameter that names the open item. */
  parameter: string;
  /** What Esc takes off the address. */
  filters: readonly string[];
  /** What this list has besides. */
  own: KeyBinding[];
}

export function useListKeys({ list, noun, parameter, filters, own }: ListKeys): void {
  const { selection } = list;

  function step(by: number): void {
    selection.move(by);
    const link = document.querySelector<HTMLElement>(`[data-row="${selection.cursor.value}"] .row-link`);
    link?.focus({ preventScroll: true });
    link?.closest('tr')?.scrollIntoView({ block: 'nearest' });
  }

  useKeys([
    { keys: ['j'], label: `Next ${noun}`, run: () => step(1) },
    { keys: ['k'], label: `Previous ${noun}`, run: () => step(-1) },
    {
      keys: ['o', 'Enter'],
      label: 'Open it',
      run: () => {
        if (selection.cursor.value !== null) go(linkWith({ [parameter]: String(selection.cursor.value) }));
      },
    },
    ...own,
    { keys: ['.'], label: 'Show what is new', run: () => list.applyWaiting() },
    { keys: ['/'], label: 'Search', run: focusSearch },
    {
      keys: ['Escape'],
      label: 'Clear the filters',
      run: () => {
        const cleared: Changes = Object.fromEntries(filters.map((name) => [name, null]));
        if (filters.some((name) => query.value.has(name))) go(linkWith(cleared));
      },
    },
  ]);
}
