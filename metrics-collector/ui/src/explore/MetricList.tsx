// All metrics with their types, narrowed as one types.
import { Failure } from '@monlight/ui/feedback/States.tsx';
import { SearchBox } from '@monlight/ui/filters/SearchBox.tsx';
import { counted, exactNumber, shortNumber } from '@monlight/ui/number.ts';
import { linkWith, query } from '@monlight/ui/router.ts';
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { listOpen } from './ExplorePage.tsx';
import { found, loadNames, metricNames } from './names.ts';
import { metricChanges, type Question } from './question.ts';
import { TypeBadge } from './TypeBadge.tsx';

const SHOWN = 200;

export function MetricList({ chosen }: { chosen: Question | null }) {
  const search = useSignal('');
  const fault = useSignal<unknown>(null);
  const project = query.value.get('project');
  const load = () => loadNames(project).then(() => (fault.value = null), (error) => (fault.value = error));
  useEffect(() => void load(), [project]);

  const names = metricNames.value;
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
        <ul>
          {matching.slice(0, SHOWN).map(({ name, type, series }) => (
            <li key={`${name} ${type}`}>
              <a
                href={linkWith(metricChanges(name, type))}
                title={`${name}\n${counted(series, 'series', 'series')}`}
                aria-current={chosen?.metric === name && (chosen.type ?? type) === type ? 'true' : undefined}
                onClick={() => (listOpen.value = false)}
              >
                <span>{name}</span>
                <TypeBadge type={type} />
                <small>{shortNumber(series)}</small>
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
