// What opens under the range: presets, free text, and two moments.
import { zone } from '@monlight/ui/preferences.ts';
import { asInputValue, fromInputValue } from '@monlight/ui/time.ts';
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

import { setRange, widenRange } from './actions.ts';
import { lengthOf, parsePeriod, PRESETS, type Range } from './range.ts';
import { spanInWords } from './words.ts';

export function RangePanel({ range, onClose }: { range: Range; onClose: () => void }) {
  const panel = useRef<HTMLDivElement>(null);
  const text = useSignal('period' in range ? range.period : '');
  const fault = useSignal<string | null>(null);

  useEffect(() => {
    const field = panel.current?.querySelector('input');
    field?.focus();
    field?.select();
    const onPointer = ({ target }: Event) => {
      if (target instanceof Node && !panel.current?.parentElement?.contains(target)) onClose();
    };
    document.addEventListener('pointerdown', onPointer);
    return () => document.removeEventListener('pointerdown', onPointer);
  }, []);

  function close() {
    onClose();
    document.querySelector<HTMLElement>('.range-button')?.focus();
  }

  function choose(chosen: Range) {
    setRange(chosen);
    close();
  }

  function submitText(event: Event) {
    event.preventDefault();
    const period = parsePeriod(text.value);
    if (period) choose({ period });
    else fault.value = 'A length such as 90m, 36h or 2d, from 90 s to 30 days.';
  }

  return (
    <div
      ref={panel}
      class="range-panel"
      role="dialog"
      aria-label="Time range"
      onKeyDown={(event) => {
        if (event.key === 'Escape') close();
      }}
    >
      <form onSubmit={submitText}>
        <label for="range-text">The last</label>
        <input
          id="range-text"
          class="field"
          value={text.value}
          placeholder="90m"
          autocomplete="off"
          spellcheck={false}
          aria-invalid={fault.value !== null}
          onInput={(event) => {
            text.value = event.currentTarget.value;
            fault.value = null;
          }}
        />
        <button class="button">Show</button>
        {fault.value !== null && <p role="alert">{fault.value}</p>}
      </form>
      <div class="presets">
        {PRESETS.map((period) => (
          <button
            key={period}
            type="button"
            class="button small"
            aria-pressed={'period' in range && range.period === period}
            onClick={() => choose({ period })}
          >
            {spanInWords(period)}
          </button>
        ))}
      </div>
      <Moments range={range} onChoose={choose} />
      <button type="button" class="button small" title="Twice as long (-)" onClick={widenRange}>
        Zoom out
      </button>
    </div>
  );
}

function Moments({ range, onChoose }: { range: Range; onChoose: (range: Range) => void }) {
  const now = Date.now();
  const [first, last] = 'period' in range ? [now - lengthOf(range), now] : [range.from, range.to];
  const from = useSignal(asInputValue(first, zone.value, true));
  const to = useSignal(asInputValue(last, zone.value, true));
  const moments = [fromInputValue(from.value, zone.value), fromInputValue(to.value, zone.value)] as const;
  const valid = moments[0] !== null && moments[1] !== null && moments[0] < moments[1];

  function submit(event: Event) {
    event.preventDefault();
    if (valid) onChoose({ from: moments[0]!, to: moments[1]! });
  }

  return (
    <form class="moments" onSubmit={submit}>
      <label for="range-from">From</label>
      <input id="range-from" class="field" type="datetime-local" step={1} value={from.value} onInput={(event) => (from.value = event.currentTarget.value)} />
      <label for="range-to">To</label>
      <input id="range-to" class="field" type="datetime-local" step={1} value={to.value} onInput={(event) => (to.value = event.currentTarget.value)} />
      <button class="button" disabled={!valid}>
        Show
      </button>
    </form>
  );
}
