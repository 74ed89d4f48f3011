// The order of the endpoints; it stands in the address.
import type { Changes } from '@monlight/ui/router.ts';

import type { Endpoint } from '../wire.ts';

export const COLUMNS = ['endpoint', 'method', 'rate', 'error_rate', 'p95'] as const;
export type Column = (typeof COLUMNS)[number];

export interface Order {
  column: Column;
  descending: boolean;
}

/** `sort=-rate` is descending. Without it the slowest come first. */
export function orderOf(params: URLSearchParams): Order {
  const text = params.get('sort') ?? '-p95';
  const column = COLUMNS.find((one) => one === text.replace(/^-/, ''));
  return column ? { column, descending: text.startsWith('-') } : { column: 'p95', descending: true };
}

/** Sorting by another column starts with what one looks for: names from A, numbers from the top. */
export function sortChanges(order: Order, column: Column): Changes {
  const isText = column === 'endpoint' || column === 'method';
  const descending = order.column === column ? !order.descending : !isText;
  const text = `${descending ? '-' : ''}${column}`;
  return { sort: text === '-p95' ? null : text };
}

export function sorted(endpoints: readonly Endpoint[], { column, descending }: Order): Endpoint[] {
  return [...endpoints].sort((a, b) => {
    const [one, other] = [a[column], b[column]];
    // What was not measured is neither fast nor slow: it comes last in both directions.
    if (one === null || other === null) return Number(one === null) - Number(other === null);
    const difference = typeof one === 'string' ? one.localeCompare(String(other)) : one - Number(other);
    return descending ? -difference : difference;
  });
}
