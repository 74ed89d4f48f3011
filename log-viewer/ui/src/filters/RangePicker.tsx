// The time range: live, a preset, or two moments.
import { Select } from '@monlight/ui/filters/Select.tsx';
import { zone } from '@monlight/ui/preferences.ts';
import { go, linkWith, query } from '@monlight/ui/router.ts';
import { asInputValue, fromInputValue } from '@monlight/ui/time.ts';
import { useSignal } from '@preact/signals';

import { CUSTOM, RANGES, rangeChanges, rangeOf } from './address.ts';
import './range.css';

export function RangePicker() {
  const range = rangeOf(query.value);
  const asked = useSignal(false);
  const custom = asked.value || range === CUSTOM;
  return (
    <div class="range">
      <Select
        label="Time range"
        value={custom ? CUSTOM : range === 'live' ? '' : range}
        options={[...RANGES.map(([value, label]) => [value === 'live' ? '' : value, label] as const), [CUSTOM, 'From … to …']]}
        onChange={(value) => {
          asked.value = value === CUSTOM;
          if (value !== CUSTOM) go(linkWith(rangeChanges(value || 'live')));
        }}
      />
      {custom && (
        <>
          <Moment label="From" name="since" />
          <span class="muted">to</span>
          <Moment label="To" name="until" />
        </>
      )}
    </div>
  );
}

function Moment({ label, name }: { label: string; name: 'since' | 'until' }) {
  const at = Date.parse(query.value.get(name) ?? '');
  return (
    <input
      class="field moment"
      type="datetime-local"
      step={1}
      aria-label={label}
      value={Number.isNaN(at) ? '' : asInputValue(at, zone.value, true)}
      onChange={(event) => {
        const chosen = fromInputValue(event.currentTarget.value, zone.value);
        go(linkWith({ [name]: chosen === null ? null : new Date(chosen).toISOString(), live: 'off' }));
      }}
    />
  );
}
