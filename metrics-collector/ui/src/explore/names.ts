// The metrics there are, and the labels of the chosen one.
import { signal } from '@preact/signals';

import { listLabels, listMetrics } from '../metrics-api.ts';
import type { LabelValues, MetricName, MetricType } from '../wire.ts';

export const metricNames = signal<MetricName[] | null>(null);
export const labelValues = signal<LabelValues[]>([]);

export async function loadNames(project: string | null): Promise<void> {
  metricNames.value = merged(await listMetrics(project));
}

export async function loadLabels(name: string, type: MetricType | null, project: string | null): Promise<void> {
  labelValues.value = [];
  labelValues.value = await listLabels({ name, type, project });
}

/** One entry per name and type: without a chosen project a metric is that of all projects. */
export function merged(names: readonly MetricName[]): MetricName[] {
  const byKey = new Map<string, MetricName>();
  for (const one of names) {
    const key = JSON.stringify([one.name, one.type]);
    const known = byKey.get(key);
    byKey.set(key, known ? { ...known, series: known.series + one.series } : one);
  }
  return [...byKey.values()];
}

/** Those in which every word of the search occurs. */
export function found(names: readonly MetricName[], search: string): MetricName[] {
  const words = search.toLowerCase().split(/\s+/).filter((word) => word !== '');
  return names.filter(({ name, type }) => words.every((word) => `${name} ${type}`.toLowerCase().includes(word)));
}

/** The first of them, and the chosen one even when it comes later. */
export function firstAnd(names: readonly MetricName[], most: number, isChosen: (name: MetricName) => boolean): MetricName[] {
  const first = names.slice(0, most);
  const later = names.slice(most).filter(isChosen);
  return [...later, ...first];
}
