// The endpoints, the slowest first unless asked otherwise.
import { exactNumber } from '@monlight/ui/number.ts';
import { linkWith, query } from '@monlight/ui/router.ts';

import { linkCarrying } from '../frame/carried.ts';
import { filterChanges } from '../explore/question.ts';
import { Value } from '../units/Value.tsx';
import type { Endpoint } from '../wire.ts';
import { orderOf, sortChanges, sorted, type Column, type Order } from './sorting.ts';

const HEADS: Record<Column, string> = { endpoint: 'Endpoint', method: 'Method', rate: 'Rate', error_rate: 'Errors', p95: 'p95' };
const SHOWN = 20;
const NOTABLE_ERRORS = 0.01;

export function EndpointTable({ endpoints }: { endpoints: Endpoint[] }) {
  const params = query.value;
  const order = orderOf(params);
  const all = params.get('endpoints') === 'all';
  const rows = sorted(endpoints, order).slice(0, all ? undefined : SHOWN);
  if (endpoints.length === 0) return null;
  return (
    <section class="block">
      <h2>Endpoints</h2>
      <table class="figures">
        <thead>
          <tr>
            {(Object.keys(HEADS) as Column[]).map((column) => (
              <Head key={column} column={column} order={order} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.method} ${row.endpoint}`}>
              <td class="name">
                <a href={explored(row)} title={`${row.endpoint}\n${exactNumber(row.count)} requests`}>
                  {row.endpoint}
                </a>
              </td>
              <td class="method">{row.method}</td>
              <td>
                <Value value={row.rate} unit="per second" />
              </td>
              <td class={row.error_rate >= NOTABLE_ERRORS ? 'bad' : ''}>
                <Value value={row.error_rate} unit="share" />
              </td>
              <td>
                <Value value={row.p95} unit="seconds" />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length < endpoints.length && (
        <p class="more">
          {rows.length} of {exactNumber(endpoints.length)} shown · <a href={linkWith({ endpoints: 'all' })}>Show all</a>
        </p>
      )}
    </section>
  );
}

function Head({ column, order }: { column: Column; order: Order }) {
  const current = order.column === column;
  return (
    <th class={column} aria-sort={current ? (order.descending ? 'descending' : 'ascending') : undefined}>
      <a href={linkWith(sortChanges(order, column))}>
        {HEADS[column]}
        {current && <span aria-hidden="true">{order.descending ? ' ↓' : ' ↑'}</span>}
      </a>
    </th>
  );
}

function explored({ endpoint, method }: Endpoint): string {
  const filters = filterChanges([
    ['endpoint', endpoint],
    ['method', method],
  ]);
  return linkCarrying({ metric: 'http_request_duration_seconds', type: 'histogram', ...filters }, 'explore');
}
