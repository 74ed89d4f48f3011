// How much is shown of how much, and what belongs to no other place.
import { showFault } from '@monlight/ui/feedback/toast.ts';
import { exactNumber } from '@monlight/ui/number.ts';
import { signOut } from '@monlight/ui/session.ts';

import { about } from '../about.ts';
import { toggleWrap, wrap } from '../preferences.ts';
import { list } from './list-model.ts';
import './status-line.css';

export function StatusLine() {
  const { count, exact } = list.total.value;
  const loaded = list.view.lines.version.value >= 0 ? list.view.lines.rows.length : 0;
  const facts = about.value;
  return (
    <footer class="status-line">
      <span class="status-count">
        {loaded === 0 && count === 0 ? 'No lines' : `${exactNumber(loaded)} of ${exactNumber(Math.max(count, loaded))}${exact ? '' : '+'} lines`}
      </span>
      <button class="link-button" aria-pressed={wrap.value === 'on'} onClick={toggleWrap}>
        {wrap.value === 'on' ? 'Wrapped' : 'Not wrapped'}
      </button>
      {facts && <span class="status-version">{facts.service} {facts.version}</span>}
      <button class="link-button" onClick={() => void signOut().catch(showFault)}>
        Sign out
      </button>
    </footer>
  );
}
