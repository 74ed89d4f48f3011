// The text of an entry, with its colours and the hits of the search. Everything is text.
import { counted, exactNumber } from '@monlight/ui/number.ts';

import type { Needle } from '../text/needles.ts';
import type { Run } from '../text/run.ts';
import { shownOf, wholeOf } from '../text/shown.ts';
import type { Entry } from '../wire.ts';

export function LineText({ entry, open, needles }: { entry: Entry; open: boolean; needles: readonly Needle[] }) {
  if (open) {
    return (
      <div class="line-text whole">
        <Runs runs={wholeOf(entry, needles)} />
      </div>
    );
  }
  const { runs, moreLines, moreCharacters } = shownOf(entry, needles);
  return (
    <div class="line-text">
      <Runs runs={runs} />
      {moreLines > 0 && <span class="fold">+{counted(moreLines, 'line')}</span>}
      {moreCharacters > 0 && <span class="fold">+{exactNumber(moreCharacters)} characters</span>}
    </div>
  );
}

function Runs({ runs }: { runs: readonly Run[] }) {
  return <>{runs.map((run, index) => asElement(run, index))}</>;
}

function asElement({ text, class: look, color, background, hit }: Run, key: number) {
  if (look === '' && !hit) return text;
  const style = color || background ? { ...(color && { '--ansi': color }), ...(background && { '--ansi-bg': background }) } : undefined;
  const name = look === '' ? undefined : look;
  // `style` is set through the object model, which the content security policy allows.
  return hit ? <mark key={key} class={name} style={style}>{text}</mark> : <span key={key} class={name} style={style}>{text}</span>;
}
