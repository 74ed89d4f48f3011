// What the service's JSON looks like. Times are RFC 3339 in UTC.

export interface ErrorItem {
  id: number;
  fingerprint: string;
  project: string;
  environment: string | null;
  release: string | null;
  exception_type: string;
  message: string;
  count: number;
  first_seen: string;
  last_seen: string;
  resolved: boolean;
  ignored: boolean;
  source: 'browser' | 'server';
  /** Reports per hour over the last 24 hours, oldest first. */
  trend: number[];
  level: string | null;
  culprit: string | null;
  regressed: boolean;
}

export interface ErrorPage {
  errors: ErrorItem[];
  total: number;
  total_exact: boolean;
  limit: number;
  next: string | null;
}

export interface ErrorDetail extends ErrorItem {
  resolved_at: string | null;
  traceback: string;
  environments: string[];
  releases: string[];
  occurrences: Occurrence[];
}

export interface Occurrence {
  id: number;
  timestamp: string;
  message: string;
  level: string | null;
  request_url: string | null;
  request_method: string | null;
  request_headers: Record<string, string> | null;
  user_id: string | null;
  extra: unknown;
  traceback: string;
  environment: string | null;
  release: string | null;
  trace_id: string | null;
  session_id: string | null;
  /** Raised exception first, then what it came from. */
  stack: Exception[];
}

export interface Exception {
  title: string;
  relation: 'cause' | 'context' | null;
  /** Innermost first. */
  frames: Frame[];
}

export interface Frame {
  file: string;
  line: number | null;
  column: number | null;
  function: string | null;
  in_app: boolean;
  context_line: string | null;
  pre_context: string[];
  post_context: string[];
  /** Why there is no source, or why it is not the original's. */
  unresolved: string | null;
}

export interface Bucket {
  bucket: string;
  count: number;
}

export interface Timeline {
  hours: Bucket[];
  days: Bucket[];
}

export interface About {
  service: string;
  version: string;
  links: Record<string, string | null>;
  retention_days: number;
  occurrences_kept: number;
  alert_channels: string[];
}

export type Action = 'resolve' | 'unresolve' | 'ignore' | 'unignore' | 'delete';
