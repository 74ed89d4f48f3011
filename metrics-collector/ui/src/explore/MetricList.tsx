// All metrics with their types, narrowed as one types.
import { Failure } from '@monlight/ui/feedback/States.tsx';
import { SearchBox } from '@monlight/ui/filters/SearchBox.tsx';
import { counted, exactNumber, shortNumber } from '@monlight/ui/number.ts';
import { linkWith, query } from '@monlight/ui/router.ts';
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

import type { MetricName } from '../wire.ts';
import { firstAnd, found, loadNames, metricNames } from './names.ts';
import { metricChanges, type Question } from './question.ts';
import { focusIfAsked, listOpen } from './searching.ts';
import { TypeBadge } from './TypeBadge.tsx';

const SHOWN = 200;

export function MetricList({ chosen }: { chosen: Question | null }) {
  const search = useSignal('');
  const fault = useSignal<unknown>(null);
  const list = useRef<HTMLUListElement>(null);
  const project = query.value.get('project');
  const load = () => loadNames(project).then(() => (fault.value = null), (error) => (fault.value = error));
  useEffect(() => void load(), [project]);
  useEffect(focusIfAsked, []);

  const names = metricNames.value;
  const isChosen = ({ name, type }: MetricName) => chosen?.metric === name && (chosen.type ?? type) === type;
  useEffect(() => {
    const current = list.current?.querySelector<HTMLElement>('[aria-current]');
    // Only the list is moved, never the page.
    if (list.current && current) list.current.scrollTop = current.offsetTop - list.current.offsetTop - list.current.clientHeight / 2;
  }, [names]);
  const matching = found(names ?? [], search.value);
  return (
    <nav class="metric-list" aria-label="Metrics">
      {chosen && (
        <button class="button metric-choice" aria-expanded={listOpen.value} onClick={() => (listOpen.value = !listOpen.value)}>
          <span>{chosen.metric}</span>
          {chosen.type && <TypeBadge type={chosen.type} />}
        </button>
      )}
      <div class="metric-choices">
        <SearchBox value="" placeholder="Search metrics" onSearch={(text) => (search.value = text)} />
        {fault.value !== null && <Failure what="The metrics could not be listed" error={fault.value} retry={() => void load()} />}
        <ul ref={list}>
          {firstAnd(matching, SHOWN, isChosen).map((one) => (
            <li key={`${one.name} ${one.type}`}>
              <a
                href={linkWith(metricChanges(one.name, one.type))}
                title={counted(one.series, 'series', 'series')}
                aria-current={isChosen(one) ? 'true' : undefined}
                onClick={() => (listOpen.value = false)}
              >
                <span>{one.name}</span>
                <TypeBadge type={one.type} />
                <small>{shortNumber(one.series)}</small>
              </a>
            </li>
          ))}
        </ul>
        {names !== null && matching.length === 0 && fault.value === null && (
          <p class="muted">{names.length === 0 ? 'No metric has sent data yet.' : 'No metric has that in its name.'}</p>
        )}
        {matching.length > SHOWN && (
          <p class="muted">
            {SHOWN} of {exactNumber(matching.length)} shown; type to narrow.
          </p>
        )}
      </div>
    </nav>
  );
}
