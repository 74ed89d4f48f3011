// The vitals of each page, the most viewed first.
import { exactNumber } from '@monlight/ui/number.ts';
import { useSignal } from '@preact/signals';

import type { PageVitals } from '../wire.ts';
import { CORE, ratingOf, toneOf, vitalText } from './vitals.ts';

const SHOWN = 10;

export function PageTable({ pages }: { pages: PageVitals[] }) {
  const all = useSignal(false);
  const rows = [...pages].sort((a, b) => b.page_views - a.page_views).slice(0, all.value ? undefined : SHOWN);
  return (
    <>
      <table class="figures pages">
        <thead>
          <tr>
            <th class="name">Page</th>
            <th>Views</th>
            {CORE.map(({ name, short }) => (
              <th key={name}>{short}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.page}>
              <td class="name" title={row.page}>
                {row.page}
              </td>
              <td>{exactNumber(row.page_views)}</td>
              {CORE.map((kind) => {
                const value = row[kind.name as 'lcp' | 'inp' | 'cls'];
                return (
                  <td key={kind.name} class={value === null ? 'muted' : toneOf(ratingOf(kind, value))}>
                    {value === null ? '–' : vitalText(kind, value)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length < pages.length && (
        <p class="more">
          {rows.length} of {exactNumber(pages.length)} shown ·{' '}
          <button class="link-button" onClick={() => (all.value = true)}>
            Show all
          </button>
        </p>
      )}
    </>
  );
}
