// Made-up errors for tests.
import type { ErrorDetail, ErrorItem, ErrorPage, Frame, Occurrence } from './wire.ts';

export function anItem(id: number, more: Partial<ErrorItem> = {}): ErrorItem {
  return {
    id,
    fingerprint: 'f'.repeat(32),
    project: 'shop',
    environment: 'production',
    release: '1.2',
    exception_type: 'KeyError',
    message: '7',
    count: 1,
    first_seen: '2026-11-20T10:00:00.000Z',
    last_seen: '2026-11-21T10:00:00.000Z',
    resolved: false,
    ignored: false,
    source: 'server',
    trend: Array.from({ length: 24 }, () => 0),
    level: 'error',
    culprit: null,
    regressed: false,
    ...more,
  };
}

export function aPage(errors: ErrorItem[], more: Partial<ErrorPage> = {}): ErrorPage {
  return { errors, total: errors.length, total_exact: true, limit: 50, next: null, ...more };
}

export function anOccurrence(id: number, more: Partial<Occurrence> = {}): Occurrence {
  return {
    id,
    timestamp: '2026-11-21T10:00:00.000Z',
    message: '7',
    level: 'error',
    request_url: null,
    request_method: null,
    request_headers: null,
    user_id: null,
    extra: null,
    traceback: 'KeyError: 7',
    environment: null,
    release: null,
    trace_id: null,
    session_id: null,
    stack: [],
    ...more,
  };
}

export function aDetail(more: Partial<ErrorDetail> = {}): ErrorDetail {
  return { ...anItem(1), resolved_at: null, traceback: 'KeyError: 7', environments: [], releases: [], occurrences: [], ...more };
}

export function aFrame(more: Partial<Frame> = {}): Frame {
  return {
    file: '/srv/shop/cart.py',
    line: 31,
    column: null,
    function: 'total',
    in_app: true,
    context_line: null,
    pre_context: [],
    post_context: [],
    unresolved: null,
    ...more,
  };
}
