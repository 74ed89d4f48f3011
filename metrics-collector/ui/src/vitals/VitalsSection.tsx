// How the pages feel to those who use them: a card per vital, and the pages.
import { CORE, VITALS } from './vitals.ts';
import type { Answers } from '../overview/panels.ts';
import { PageTable } from './PageTable.tsx';
import { VitalCard } from './VitalCard.tsx';
import './vitals.css';

export function VitalsSection({ answers: { now, before } }: { answers: Answers }) {
  const { summary, timeseries, by_page: pages } = now.web_vitals;
  const present = VITALS.filter(({ name }) => summary[name]);
  return (
    <section class="block">
      <h2>Web Vitals</h2>
      {present.length === 0 ? (
        <p class="muted vitals-none">
          No page has sent its vitals in this range. Pages do that by themselves once they load Monlight’s script from the browser relay.
        </p>
      ) : (
        <div class="vital-cards">
          {present.map((kind) => (
            <VitalCard
              key={kind.name}
              kind={kind}
              core={CORE.includes(kind)}
              vital={summary[kind.name]!}
              before={before?.web_vitals.summary[kind.name]}
              trend={timeseries.map((row) => row[kind.name] ?? null)}
            />
          ))}
        </div>
      )}
      {pages.length > 0 && <PageTable pages={pages} />}
    </section>
  );
}
