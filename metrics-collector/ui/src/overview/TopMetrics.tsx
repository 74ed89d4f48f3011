// The metrics with the most points, each a way into the explorer.
import { Count } from '@monlight/ui/Count.tsx';

import { linkCarrying } from '../frame/carried.ts';
import { TypeBadge } from '../explore/TypeBadge.tsx';
import type { TopMetric } from '../wire.ts';

export function TopMetrics({ metrics }: { metrics: TopMetric[] }) {
  if (metrics.length === 0) return null;
  const most = Math.max(1, ...metrics.map(({ count }) => count));
  return (
    <section class="block">
      <h2>Top metrics</h2>
      <ol class="top-metrics">
        {metrics.map(({ name, type, count }) => (
          <li key={`${name} ${type}`}>
            <a href={linkCarrying({ metric: name, type }, 'explore')} title={name}>
              {name}
            </a>
            <TypeBadge type={type} />
            <Count value={count} unit="data points" />
            <i class="share" style={{ width: `${(count / most) * 100}%` }} />
          </li>
        ))}
      </ol>
    </section>
  );
}
