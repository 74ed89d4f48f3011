// What the search understands, with an example of each.
import { Dialog } from '@monlight/ui/dialog/Dialog.tsx';
import { Fragment } from 'preact';

import './search-help.css';

const EXAMPLES = [
  ['connection refused', 'lines with both words'],
  ['"connection refused"', 'the words next to each other'],
  ['timeout OR refused', 'either word'],
  ['payment NOT health', 'the one without the other'],
  ['(timeout OR refused) db', 'parentheses group'],
  ['time*', 'words that begin like this'],
  ['*out*', 'the text anywhere, inside words too'],
  ['status:500', 'a field of a structured line'],
  ['10.0.0.7  /api/cart?x=1', 'addresses, paths and the like: pasted as they are'],
] as const;

export function SearchHelp({ close }: { close: () => void }) {
  return (
    <Dialog title="How to search" onClose={close}>
      <dl class="search-help">
        {EXAMPLES.map(([example, meaning]) => (
          <Fragment key={example}>
            <dt class="code">{example}</dt>
            <dd class="muted">{meaning}</dd>
          </Fragment>
        ))}
      </dl>
      <div class="dialog-buttons">
        <button class="button" autofocus onClick={close}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
