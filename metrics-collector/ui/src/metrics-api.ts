// The requests this UI makes, one function each.
import { api, withQuery, type QueryValue } from '@monlight/ui/api.ts';

import type { Dashboard, LabelValues, MetricAnswer, MetricName } from './wire.ts';

export type Asked = Record<string, QueryValue>;

export const readDashboard = (asked: Asked, signal?: AbortSignal) => api<Dashboard>(withQuery('dashboard', asked), { signal });

export const readMetric = (asked: Asked, signal?: AbortSignal) => api<MetricAnswer>(withQuery('metrics', asked), { signal });

export const listMetrics = async (project: string | null, signal?: AbortSignal) =>
  (await api<{ metrics: MetricName[] }>(withQuery('metrics/names', { project }), { signal })).metrics;

export const listLabels = async (asked: Asked, signal?: AbortSignal) =>
  (await api<{ labels: LabelValues[] }>(withQuery('metrics/labels', asked), { signal })).labels;

export const listProjects = async () => (await api<{ projects: string[] }>('projects')).projects;
