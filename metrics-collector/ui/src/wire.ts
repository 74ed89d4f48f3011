// What the service's JSON looks like. Times are RFC 3339 in UTC.

export type MetricType = 'counter' | 'gauge' | 'histogram';
export type Resolution = 'minute' | 'hour';

export interface Bucket {
  bucket: string;
  count: number;
  sum: number;
  min: number;
  max: number;
  avg: number;
  /** Of gauges only. */
  last: number | null;
  /** Of histograms only. */
  p50: number | null;
  p95: number | null;
  p99: number | null;
  /** False when the percentiles come from a sketch. */
  exact: boolean;
  /** Per second; of counters, when asked for. */
  rate?: number;
}

export interface Labelled {
  labels: Record<string, string>;
  data: Bucket[];
}

export interface MetricAnswer {
  name: string;
  type: MetricType;
  resolution: Resolution;
  period: string | null;
  from: string;
  to: string;
  /** Buckets without data are left out. With `group_by` there are series instead. */
  data?: Bucket[];
  series?: Labelled[];
}

export interface MetricName {
  name: string;
  type: MetricType;
  project: string;
  series: number;
}

export interface LabelValues {
  name: string;
  values: string[];
}

export type VitalName = 'lcp' | 'inp' | 'cls' | 'fcp' | 'ttfb' | 'fid';
export type Rating = 'good' | 'needs-improvement' | 'poor';

export interface Vital {
  p75: number;
  avg: number;
  count: number;
  rating: Rating;
  /** Shares, from 0 to 1. */
  good: number;
  needs_improvement: number;
  poor: number;
}

export type VitalMoment = { bucket: string } & Partial<Record<VitalName, number | null>>;

export interface PageVitals {
  page: string;
  lcp: number | null;
  inp: number | null;
  cls: number | null;
  page_views: number;
}

export interface RequestMoment {
  bucket: string;
  count: number;
  rate: number;
  errors: number;
  error_rate: number;
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

export interface Endpoint {
  endpoint: string;
  method: string;
  count: number;
  rate: number;
  error_rate: number;
  p95: number | null;
}

export interface TopMetric {
  name: string;
  type: MetricType;
  count: number;
  total: number;
}

export interface Dashboard {
  period: string | null;
  from: string;
  to: string;
  resolution: Resolution;
  summary: { total_datapoints: number; distinct_metrics: number };
  cardinality: { series: number; limit: number; overflowing: boolean };
  top_metrics: TopMetric[];
  requests: { timeseries: RequestMoment[]; endpoints: Endpoint[] };
  web_vitals: { summary: Partial<Record<VitalName, Vital>>; timeseries: VitalMoment[]; by_page: PageVitals[] };
}

export interface About {
  service: string;
  version: string;
  links: Record<string, string | null>;
  retention: { raw_s: number; minute_s: number; hourly_s: number };
  max_series: number;
}
