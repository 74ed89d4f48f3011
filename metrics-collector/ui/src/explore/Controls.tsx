// What is asked of the metric: the statistic, which label values, and what to split by.
import { Select } from '@monlight/ui/filters/Select.tsx';
import { go, linkWith, query } from '@monlight/ui/router.ts';

import type { MetricType } from '../wire.ts';
import { FilterField } from './FilterField.tsx';
import { labelValues } from './names.ts';
import { filterChanges, resolutionOf, type Question } from './question.ts';
import { STATS, STAT_WORDS, statOf } from './stats.ts';
import { TypeBadge } from './TypeBadge.tsx';

const RESOLUTIONS = [
  ['', 'Auto resolution'],
  ['minute', 'By the minute'],
  ['hour', 'By the hour'],
] as const;

export function Controls({ question, type }: { question: Question; type: MetricType | null }) {
  const { filters, groupBy } = question;
  const labels = labelValues.value;
  // A link may split by a label that is not known here; it can still be taken off.
  const known = [...new Set([...labels.map(({ name }) => name), ...groupBy])];
  return (
    <header class="controls">
      <h2>
        <span>{question.metric}</span> {type && <TypeBadge type={type} />}
      </h2>
      <div class="control-row">
        {type && (
          <Select
            label="Statistic"
            value={statOf(type, query.value.get('stat'))}
            options={STATS[type].map((stat) => [stat, STAT_WORDS[stat]] as const)}
            onChange={(stat) => go(linkWith({ stat: stat === STATS[type][0] ? null : stat }))}
          />
        )}
        <Select
          label="Resolution"
          value={resolutionOf(query.value) ?? ''}
          options={RESOLUTIONS}
          onChange={(resolution) => go(linkWith({ resolution }))}
        />
        {filters.map((filter) => (
          <button
            key={filter[0]}
            class="button small filter-chip"
            title={`Take off the filter ${filter.join(': ')}`}
            onClick={() => go(linkWith(filterChanges(filters.filter((one) => one !== filter))))}
          >
            <span>
              {filter[0]}: <b>{filter[1] || '—'}</b>
            </span>
            ×
          </button>
        ))}
        <FilterField filters={filters} labels={labels} />
      </div>
      {known.length > 0 && (
        <div class="control-row group-by" role="group" aria-label="Split by">
          <span class="muted">Split by</span>
          {known.map((name) => {
            const on = groupBy.includes(name);
            const next = on ? groupBy.filter((one) => one !== name) : [...groupBy, name];
            return (
              <button
                key={name}
                class={`button small toggle ${on ? 'on' : ''}`}
                aria-pressed={on}
                onClick={() => go(linkWith({ group_by: next.join(',') }))}
              >
                {name}
              </button>
            );
          })}
        </div>
      )}
    </header>
  );
}
