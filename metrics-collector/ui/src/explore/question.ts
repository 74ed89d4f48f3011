// What the explorer is asked, between the address bar and the service.
import type { Changes } from '@monlight/ui/router.ts';

import type { Asked } from '../metrics-api.ts';
import { asQuery, rangeOf } from '../range/range.ts';
import type { MetricType, Resolution } from '../wire.ts';

export type LabelFilter = readonly [name: string, value: string];

const TYPES: readonly string[] = ['counter', 'gauge', 'histogram'] satisfies MetricType[];

export interface Question {
  metric: string;
  type: MetricType | null;
  project: string | null;
  filters: LabelFilter[];
  groupBy: string[];
}

/** Null while no metric is chosen. */
export function questionOf(params: URLSearchParams): Question | null {
  const metric = params.get('metric');
  if (!metric) return null;
  const type = params.get('type') ?? '';
  return {
    metric,
    type: TYPES.includes(type) ? (type as MetricType) : null,
    project: params.get('project'),
    filters: filtersOf(params.get('labels') ?? ''),
    groupBy: (params.get('group_by') ?? '').split(',').filter((name) => name !== ''),
  };
}

/** "k:v,k2:v2", as the collector reads it: a comma or a backslash in a value has a backslash before it. */
export function filtersOf(text: string): LabelFilter[] {
  const pairs = text.match(/(?:\\[^]|[^,\\])+/g) ?? [];
  return pairs.flatMap((pair) => {
    const plain = pair.replace(/\\([^])/g, '$1');
    const at = plain.indexOf(':');
    return at > 0 ? [[plain.slice(0, at), plain.slice(at + 1)] as const] : [];
  });
}

export function filterChanges(filters: readonly LabelFilter[]): Changes {
  return { labels: filters.map((filter) => filter.join(':').replace(/[\\,]/g, '\\$&')).join(',') };
}

/** One value per label: asking for two of the same label would find nothing. */
export function withFilter(filters: readonly LabelFilter[], added: LabelFilter): LabelFilter[] {
  return [...filters.filter(([name]) => name !== added[0]), added];
}

export function asAsked(question: Question, params: URLSearchParams): Asked {
  return {
    name: question.metric,
    type: question.type,
    project: question.project,
    ...asQuery(rangeOf(params)),
    labels: String(filterChanges(question.filters)['labels'] ?? ''),
    group_by: question.groupBy.join(','),
    resolution: resolutionOf(params),
    rate: question.type === 'counter' ? 'true' : null,
  };
}

/** Null leaves the choice to the service. */
export function resolutionOf(params: URLSearchParams): Resolution | null {
  const wanted = params.get('resolution');
  return wanted === 'minute' || wanted === 'hour' ? wanted : null;
}

/** Another metric: labels and statistic were the old one's, range and project stay. */
export function metricChanges(metric: string, type: MetricType): Changes {
  return { metric, type, labels: null, group_by: null, stat: null };
}
