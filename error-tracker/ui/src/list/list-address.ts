// Where the list was last looked at, for the way back from one error.
import { linkTo, query } from '@monlight/ui/router.ts';
import { effect, signal } from '@preact/signals';

import { listPart } from './filters.ts';

export const listAddress = signal(linkTo({}));

effect(() => {
  if (!query.value.has('error')) listAddress.value = linkTo(listPart(query.value));
});
