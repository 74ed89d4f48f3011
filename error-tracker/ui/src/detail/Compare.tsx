// Two occurrences side by side: what differs is shown, what is equal is counted.
import { counted } from '@monlight/ui/number.ts';
import { linkWith } from '@monlight/ui/router.ts';
import { useSignal } from '@preact/signals';

import type { Occurrence } from '../wire.ts';
import { differences, splitAtDifference } from './fields.ts';
import './request.css';

export function Compare({ left, right }: { left: Occurrence; right: Occurrence }) {
  const all = useSignal(false);
  const fields = differences(left, right);
  const same = fields.filter((field) => field.same).length;
  return (
    <section class="panel">
      <header>
        <h2>Side by side</h2>
        <a href={linkWith({ compare: null })}>Close</a>
      </header>
      <table class="compare">
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">This one</th>
            <th scope="col">The other</th>
          </tr>
        </thead>
        <tbody>
          {fields
            .filter((field) => all.value || !field.same)
            .map((field) => (
              <tr key={field.name}>
                <th scope="row">{field.name}</th>
                <Marked text={field.left} other={field.right} />
                <Marked text={field.right} other={field.left} />
              </tr>
            ))}
        </tbody>
      </table>
      {same > 0 && (
        <button class="link-button compare-more" onClick={() => (all.value = !all.value)}>
          {all.value ? 'Show only what differs' : `Show ${counted(same, 'equal field')} too`}
        </button>
      )}
    </section>
  );
}

function Marked({ text, other }: { text: string; other: string }) {
  const [before, differs, after] = splitAtDifference(text, other);
  return (
    <td class="code">
      {before}
      {differs && <mark>{differs}</mark>}
      {after}
    </td>
  );
}
