// The four services as the product bar shows them.
import { signal } from '@preact/signals';

export type ServiceName = 'error-tracker' | 'log-viewer' | 'metrics-collector' | 'browser-relay';

export interface Service {
  name: ServiceName;
  label: string;
  /** The member of `links` in api/about, and the setting that fills it. */
  link: string;
}

export const SERVICES: Service[] = [
  { name: 'error-tracker', label: 'Errors', link: 'error_tracker' },
  { name: 'log-viewer', label: 'Logs', link: 'log_viewer' },
  { name: 'metrics-collector', label: 'Metrics', link: 'metrics_collector' },
  { name: 'browser-relay', label: 'Browsers', link: 'browser_relay' },
];

/** Addresses of the other services, as far as they are configured. */
export const serviceLinks = signal<Record<string, string | null>>({});
