// One error in the list.
import { Sparkline } from '@monlight/ui/chart/Sparkline.tsx';
import { Count } from '@monlight/ui/Count.tsx';
import { now } from '@monlight/ui/clock.ts';
import { go, linkTo, linkWith } from '@monlight/ui/router.ts';
import { Time } from '@monlight/ui/Time.tsx';

import { Badges } from '../Badges.tsx';
import { toneOf } from '../tone.ts';
import type { ErrorItem } from '../wire.ts';
import { list } from './list-model.ts';

export interface ErrorRowProps {
  item: ErrorItem;
  current: boolean;
  ticked: boolean;
}

export function ErrorRow({ item, current, ticked }: ErrorRowProps) {
  const address = linkTo({ error: String(item.id) });
  const { selection } = list;
  const done = item.resolved || item.ignored;
  return (
    <tr
      class={`error tone-${toneOf(item)} ${current ? 'current' : ''} ${ticked ? 'ticked' : ''} ${done ? 'done' : ''}`}
      data-error={item.id}
      onFocusIn={() => (selection.cursor.value = item.id)}
      onClick={(event) => {
        const own = event.target instanceof Element && event.target.closest('a, button, input, label');
        if (!own && !String(getSelection())) go(address);
      }}
    >
      <td class="cell-tick">
        <label>
          <input
            type="checkbox"
            aria-label={`Select ${item.exception_type}`}
            checked={ticked}
            onClick={(event) => selection.toggle(item.id, event.shiftKey)}
          />
        </label>
      </td>
      <td class="cell-what">
        <div class="headline">
          <a class="row-link" href={address}>
            {item.exception_type}
          </a>
          <Badges item={item} now={now.value} />
          <span class="message">{item.message}</span>
        </div>
        <div class="whereabouts">
          {item.culprit && <span class="culprit code">{item.culprit}</span>}
          <Chip name="project" value={item.project} />
          <Chip name="environment" value={item.environment} />
          <Chip name="release" value={item.release} />
        </div>
      </td>
      <td class="cell-trend">
        <Sparkline values={item.trend} unit="report" span="24 h" />
      </td>
      <td class="cell-count">
        <Count value={item.count} unit={item.count === 1 ? 'report' : 'reports'} />
      </td>
      <td class="cell-seen">
        <Time at={item.last_seen} />
      </td>
      <td class="cell-seen first">
        <Time at={item.first_seen} />
      </td>
    </tr>
  );
}

function Chip({ name, value }: { name: string; value: string | null }) {
  if (value === null) return null;
  return (
    <a class={`chip chip-${name}`} href={linkWith({ [name]: value })} title={`Only ${name} ${value}`} tabIndex={-1}>
      {value}
    </a>
  );
}
