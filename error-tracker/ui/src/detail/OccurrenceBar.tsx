// Which of the kept occurrences is looked at, and which to put beside it.
import { Select } from '@monlight/ui/filters/Select.tsx';
import { exactNumber } from '@monlight/ui/number.ts';
import { zone } from '@monlight/ui/preferences.ts';
import { go, linkWith, query } from '@monlight/ui/router.ts';
import { Time } from '@monlight/ui/Time.tsx';
import { absoluteTime } from '@monlight/ui/time.ts';

import type { ErrorDetail } from '../wire.ts';

export function OccurrenceBar({ detail, index }: { detail: ErrorDetail; index: number }) {
  const { occurrences } = detail;
  const occurrence = occurrences[index];
  if (!occurrence) {
    return <p class="occurrence-bar muted">No occurrence of this error is kept any more; its counts are.</p>;
  }
  const others = occurrences.filter((one) => one !== occurrence);
  return (
    <nav class="occurrence-bar" aria-label="Occurrences">
      <span class="stepper">
        <Step label="Newer occurrence ([)" id={occurrences[index - 1]?.id} sign="‹" />
        <span>
          Occurrence {index + 1} of {occurrences.length}
          <span class="muted"> kept{detail.count > occurrences.length && `, of ${exactNumber(detail.count)}`}</span>
        </span>
        <Step label="Older occurrence (])" id={occurrences[index + 1]?.id} sign="›" />
      </span>
      <span class="muted occurrence-time">
        <Time at={occurrence.timestamp} absolute />
      </span>
      {others.length > 0 && (
        <Select
          label="Put another occurrence beside it"
          value={query.value.get('compare') ?? ''}
          options={[
            ['', 'Side by side with …'],
            ...others.map((one) => [String(one.id), absoluteTime(Date.parse(one.timestamp), zone.value)] as const),
          ]}
          onChange={(compare) => go(linkWith({ compare }), 'replace')}
        />
      )}
    </nav>
  );
}

function Step({ label, id, sign }: { label: string; id: number | undefined; sign: string }) {
  return (
    <button
      class="button small quiet"
      aria-label={label}
      title={label}
      disabled={id === undefined}
      onClick={() => go(linkWith({ occurrence: String(id), compare: null }), 'replace')}
    >
      {sign}
    </button>
  );
}
