// Says whether the list is kept up to date, and loads it again at a click.
import { LiveState as State } from '@monlight/ui/shell/LiveState.tsx';

import { list } from './list-model.ts';

export function LiveState() {
  return <State title="Asks for new reports every 10 s. Click to load the list again." again={() => void list.reload()} />;
}
