// One vital: its p75 and rating, who had it good or bad, and where it is going.
import { counted, exactNumber } from '@monlight/ui/number.ts';

import { linkCarrying } from '../frame/carried.ts';
import { asExactText, changeText } from '../units/unit.ts';
import type { Vital } from '../wire.ts';
import { ShareBar } from './ShareBar.tsx';
import { TrendLine } from './TrendLine.tsx';
import { deltaTone, ENOUGH, RATING_WORDS, toneOf, vitalText, type VitalKind } from './vitals.ts';

export interface VitalCardProps {
  kind: VitalKind;
  core: boolean;
  vital: Vital;
  before: Vital | undefined;
  trend: (number | null)[];
}

export function VitalCard({ kind, core, vital, before, trend }: VitalCardProps) {
  const few = vital.count < ENOUGH;
  const change = before ? changeText(vital.p75, before.p75) : null;
  return (
    <article class={`vital-card ${few ? 'few' : ''} ${core ? 'core' : ''}`}>
      <header>
        <h3 title={kind.long}>
          <a href={linkCarrying({ metric: `web_vitals_${kind.name}`, type: 'histogram' }, 'explore')}>{kind.short}</a>
        </h3>
        <span class="vital-long">{kind.long}</span>
      </header>
      <p class={`vital-p75 ${toneOf(vital.rating)}`}>
        <span title={`p75 is ${asExactText(vital.p75, kind.unit)}, the average ${asExactText(vital.avg, kind.unit)}`}>{vitalText(kind, vital.p75)}</span>
        <span class="vital-rating">{RATING_WORDS[vital.rating]}</span>
      </p>
      <TrendLine kind={kind} values={trend} />
      <ShareBar vital={vital} />
      <footer>
        <span title={counted(vital.count, 'sample')}>{few ? `only ${counted(vital.count, 'sample')}` : `${exactNumber(vital.count)} samples`}</span>
        {change !== null && before && (
          <span class={`vital-change ${deltaTone(vital.p75, before.p75)}`} title={`p75 was ${vitalText(kind, before.p75)} in the previous period`}>
            {change}
          </span>
        )}
      </footer>
    </article>
  );
}
