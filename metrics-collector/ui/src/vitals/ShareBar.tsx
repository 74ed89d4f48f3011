// Which share of the samples was good, needs improvement, was poor.
import type { Vital } from '../wire.ts';
import { wholePercents } from './vitals.ts';

export function ShareBar({ vital }: { vital: Vital }) {
  const shares = [vital.good, vital.needs_improvement, vital.poor];
  const words = ['good', 'needs improvement', 'poor'];
  const percents = wholePercents(shares);
  const title = shares.map((share, at) => `${(share * 100).toFixed(1)} % ${words[at]} (${Math.round(share * vital.count)})`).join('\n');
  return (
    <div class="share-bar" role="img" aria-label={title} title={title}>
      {shares.map((share, at) => share > 0 && <i key={words[at]} class={['good', 'warn', 'bad'][at]} style={{ flexGrow: share }} />)}
      <p aria-hidden="true">
        {percents.map((percent, at) => (
          <span key={words[at]} class={['good', 'warn', 'bad'][at]}>
            {percent} %
          </span>
        ))}
      </p>
    </div>
  );
}
