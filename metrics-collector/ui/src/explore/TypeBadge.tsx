// What kind of metric it is.
import type { MetricType } from '../wire.ts';
import '@monlight/ui/filters/filters.css';

export function TypeBadge({ type }: { type: MetricType }) {
  return <span class="badge">{type}</span>;
}
