// The shortcuts of one error.
import { useKeys } from '@monlight/ui/keyboard.ts';
import { go, linkTo, linkWith, query } from '@monlight/ui/router.ts';

import { act } from '../list/actions.ts';
import { list } from '../list/list-model.ts';
import type { DetailModel } from './detail-model.ts';
import { indexOfOccurrence } from './detail-model.ts';
import { goBack } from './DetailNav.tsx';

export function useDetailKeys(model: DetailModel): void {
  useKeys([
    { keys: ['j'], label: 'Next error of the list', run: () => stepError(model.id, 1) },
    { keys: ['k'], label: 'Previous error of the list', run: () => stepError(model.id, -1) },
    { keys: ['['], label: 'Newer occurrence', run: () => stepOccurrence(model, -1) },
    { keys: [']'], label: 'Older occurrence', run: () => stepOccurrence(model, 1) },
    { keys: ['r'], label: 'Resolve, or reopen', run: () => toggleResolved(model) },
    { keys: ['i'], label: 'Ignore, or no longer', run: () => toggleIgnored(model) },
    { keys: ['.'], label: 'Show new reports', run: () => model.applyWaiting() },
    { keys: ['Escape', 'u'], label: 'Back to the list', run: goBack },
  ]);
}

export function toggleResolved(model: DetailModel): void {
  const detail = model.detail.value;
  if (detail) void act([detail.id], detail.resolved ? 'unresolve' : 'resolve', () => void model.load());
}

export function toggleIgnored(model: DetailModel): void {
  const detail = model.detail.value;
  if (detail) void act([detail.id], detail.ignored ? 'unignore' : 'ignore', () => void model.load());
}

function stepOccurrence(model: DetailModel, by: number): void {
  const occurrences = model.detail.value?.occurrences ?? [];
  const next = occurrences[indexOfOccurrence(occurrences, query.value.get('occurrence')) + by];
  if (next) go(linkWith({ occurrence: String(next.id), compare: null }), 'replace');
}

/** The way back leads to the list from any of them, hence `replace`. */
export function stepError(id: number, by: number): void {
  const rows = list.rows.value;
  const next = rows[rows.findIndex((item) => item.id === id) + by];
  if (!next || !rows.some((item) => item.id === id)) return;
  list.selection.cursor.value = next.id;
  go(linkTo({ error: String(next.id) }), 'replace');
}
