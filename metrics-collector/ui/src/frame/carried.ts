// What goes along from page to page: range, project, comparison and refresh.
import { linkTo, query, type Changes } from '@monlight/ui/router.ts';

const CARRIED = ['project', 'period', 'since', 'until', 'compare', 'refresh'];

export function linkCarrying(values: Changes, page = ''): string {
  const kept = Object.fromEntries(CARRIED.map((name) => [name, query.value.get(name)]));
  return linkTo({ ...kept, ...values }, page);
}

export const compares = (params: URLSearchParams): boolean => params.get('compare') === 'previous';
