// What is worth noticing about an error, in a word each.
import '@monlight/ui/filters/filters.css';

import { isNew } from './tone.ts';
import type { ErrorItem } from './wire.ts';

export function Badges({ item, now }: { item: ErrorItem; now: number }) {
  return (
    <>
      {item.resolved && <span class="badge good">RESOLVED</span>}
      {item.ignored && <span class="badge">IGNORED</span>}
      {item.regressed && !item.resolved && (
        <span class="badge warn" title="It was resolved and has been reported again">
          REGRESSED
        </span>
      )}
      {isNew(item, now) && !item.resolved && (
        <span class="badge info" title="First seen within 24 h">
          NEW
        </span>
      )}
      {item.source === 'browser' && (
        <span class="badge" title="Reported by a browser">
          BROWSER
        </span>
      )}
    </>
  );
}
