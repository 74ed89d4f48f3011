// A field for one more label filter, which offers what is known.
import { go, linkWith } from '@monlight/ui/router.ts';

import type { LabelValues } from '../wire.ts';
import { filterChanges, filtersOf, withFilter, type LabelFilter } from './question.ts';

const OFFERED = 1000;

export function FilterField({ filters, labels }: { filters: LabelFilter[]; labels: LabelValues[] }) {
  const offers = offered(labels);

  function add(field: HTMLInputElement) {
    const [filter] = filtersOf(field.value.trim());
    if (!filter) return;
    field.value = '';
    go(linkWith(filterChanges(withFilter(filters, filter))));
  }

  return (
    <>
      <input
        class="field filter-field"
        list="label-values"
        placeholder="label:value"
        aria-label="Filter by label"
        title="Only series with this label, such as method:GET"
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => {
          // A choice from the list comes as a whole; while typing, Enter says when it is one.
          const chosen = !(event instanceof InputEvent) || event.inputType === 'insertReplacementText';
          if (chosen && offers.includes(event.currentTarget.value)) add(event.currentTarget);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter') add(event.currentTarget);
          if (event.key === 'Escape') event.currentTarget.blur();
        }}
      />
      <datalist id="label-values">
        {offers.map((text) => (
          <option key={text} value={text} />
        ))}
      </datalist>
    </>
  );
}

export function offered(labels: readonly LabelValues[]): string[] {
  return labels.flatMap(({ name, values }) => values.map((value) => `${name}:${value}`)).slice(0, OFFERED);
}
