// Looking for a metric: the list, which is folded on a phone, and the way into its search field.
import { focusSearch } from '@monlight/ui/filters/SearchBox.tsx';
import { go } from '@monlight/ui/router.ts';
import { signal } from '@preact/signals';

import { linkCarrying } from '../frame/carried.ts';

/** On a phone the list takes the page while one chooses, and is a button otherwise. */
export const listOpen = signal(false);

let asked = false;

/** From anywhere: opens the explorer with the cursor in its search. */
export function searchFromElsewhere(): void {
  asked = true;
  go(linkCarrying({}, 'explore'));
}

/** For the list, once it is there. */
export function focusIfAsked(): void {
  if (asked) focusSearch();
  asked = false;
}

export function searchHere(): void {
  listOpen.value = true;
  // The field may only now come into view.
  requestAnimationFrame(focusSearch);
}
