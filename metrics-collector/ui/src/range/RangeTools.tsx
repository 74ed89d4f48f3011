// The range, its neighbours, and how often to ask again: at the right of the product bar.
import { Select } from '@monlight/ui/filters/Select.tsx';
import { useKeys } from '@monlight/ui/keyboard.ts';
import { liveFault } from '@monlight/ui/live.ts';
import { zone } from '@monlight/ui/preferences.ts';
import { go, linkWith, query } from '@monlight/ui/router.ts';
import { signal } from '@preact/signals';

import { defaultInterval, INTERVALS, intervalOf, refreshNow } from '../frame/refresh.ts';
import { shiftRange, widenRange } from './actions.ts';
import { RangePanel } from './RangePanel.tsx';
import { rangeOf } from './range.ts';
import { inWords } from './words.ts';
import './range.css';

const open = signal(false);

export function RangeTools() {
  useKeys([
    { keys: ['t'], label: 'Choose the time range', run: () => (open.value = true) },
    { keys: ['['], label: 'One window back', run: () => shiftRange(-1) },
    { keys: [']'], label: 'One window forward', run: () => shiftRange(1) },
    { keys: ['-'], label: 'Zoom out', run: widenRange },
    { keys: ['r'], label: 'Refresh', run: () => refreshNow.value() },
  ]);
  const params = query.value;
  const range = rangeOf(params);
  const fault = liveFault.value;
  return (
    <div class="range-tools">
      <div class="range-steps">
        <button class="button small" aria-label="One window back" title="One window back ([)" onClick={() => shiftRange(-1)}>
          ‹
        </button>
        <button
          class="button small range-button"
          aria-haspopup="dialog"
          aria-expanded={open.value}
          title="Time range (t)"
          onClick={() => (open.value = !open.value)}
        >
          {inWords(range, zone.value)}
        </button>
        <button class="button small" aria-label="One window forward" title="One window forward (])" disabled={'period' in range} onClick={() => shiftRange(1)}>
          ›
        </button>
        {open.value && <RangePanel range={range} onClose={() => (open.value = false)} />}
      </div>
      <div class="range-steps">
        <button
          class={`button small live-state ${fault ? 'fault' : ''}`}
          aria-label="Refresh"
          title={fault ? `${fault} Click to try again.` : 'Refresh (r)'}
          onClick={() => refreshNow.value()}
        >
          {fault ? <i class="live-dot" /> : '↻'}
        </button>
        <Select
          label="Refresh every"
          value={intervalOf(params)}
          options={INTERVALS.map(([name, label]) => [name, label] as const)}
          onChange={(value) => go(linkWith({ refresh: value === defaultInterval(params) ? null : value }), 'replace')}
        />
      </div>
    </div>
  );
}
