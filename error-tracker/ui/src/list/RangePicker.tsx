// The time range: by when an error was last seen. Presets, or two moments.
import { Select } from '@monlight/ui/filters/Select.tsx';
import { zone } from '@monlight/ui/preferences.ts';
import { go, linkWith, query } from '@monlight/ui/router.ts';
import { asInputValue, fromInputValue } from '@monlight/ui/time.ts';
import { useSignal } from '@preact/signals';

import { RANGES } from './filters.ts';
import './filter-bar.css';

const CUSTOM = 'custom';

export function RangePicker() {
  const since = query.value.get('since') ?? '';
  const until = query.value.get('until') ?? '';
  const asked = useSignal(false);
  const preset = until === '' && RANGES.some(([value]) => value === since);
  const custom = asked.value || !preset;
  return (
    <div class="range">
      <Select
        label="Seen within"
        value={custom ? CUSTOM : since}
        options={[...RANGES, [CUSTOM, 'From … to …']]}
        onChange={(value) => {
          asked.value = value === CUSTOM;
          if (value !== CUSTOM) go(linkWith({ since: value, until: null }));
        }}
      />
      {custom && (
        <>
          <Moment label="Seen since" name="since" value={since} />
          <span class="muted">to</span>
          <Moment label="Seen until" name="until" value={until} />
        </>
      )}
    </div>
  );
}

function Moment({ label, name, value }: { label: string; name: 'since' | 'until'; value: string }) {
  const at = Date.parse(value);
  return (
    <input
      class="field moment"
      type="datetime-local"
      aria-label={label}
      value={Number.isNaN(at) ? '' : asInputValue(at, zone.value)}
      onChange={(event) => {
        const chosen = fromInputValue(event.currentTarget.value, zone.value);
        go(linkWith({ [name]: chosen === null ? null : new Date(chosen).toISOString() }));
      }}
    />
  );
}
