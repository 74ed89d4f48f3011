// What the service's JSON looks like. Times are RFC 3339 in UTC.

export interface DsnKey {
  id: number;
  public_key: string;
  project: string;
  active: boolean;
  created_at: string;
  /** Null where CORS_ORIGINS decides; none may send with an empty list. */
  allowed_origins: string[] | null;
  /** Requests in any 60 s per client; null where RATE_LIMIT decides. */
  rate_limit: number | null;
  last_used: string | null;
  dsn: string;
}

export interface NewKey {
  project: string;
  allowed_origins?: string[];
  rate_limit?: number;
}

export interface SourceMap {
  id: number;
  project: string;
  release: string;
  file_url: string;
  debug_id: string | null;
  size: number;
  uploaded_at: string;
  /** The time of the upload until a stack has needed it. */
  last_used: string;
}

export interface Uploaded {
  id: number;
  project: string;
  release: string;
  file_url: string;
  replaced: boolean;
}

export interface Peer {
  peer: 'error-tracker' | 'metrics-collector';
  reachable: boolean;
  /** Ends a sentence that begins with the peer's name. */
  reason: string | null;
  since: string | null;
  waiting: number;
  waiting_bytes: number;
  waiting_since: string | null;
  delivered: number;
  refused: number;
  turned_away: number;
}

export interface Spool {
  used_bytes: number;
  max_bytes: number;
  peers: Peer[];
}

export interface About {
  service: string;
  version: string;
  links: Record<string, string | null>;
  public_url: string | null;
  retention_days: number;
  max_source_map_bytes: number;
  rate_limit: number;
  /** Whether keys without a list of their own let any origin pass. */
  any_origin: boolean;
}
