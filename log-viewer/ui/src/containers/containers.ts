// Which containers there are, asked again now and then.
import { createPoller } from '@monlight/ui/live.ts';
import { computed, signal } from '@preact/signals';

import { listContainers } from '../logs-api.ts';
import type { Container } from '../wire.ts';

const EVERY_MS = 10_000;

/** Null until they have been read. */
export const containers = signal<Container[] | null>(null);

export const containerPoller = createPoller(async (signal) => {
  containers.value = await listContainers(signal);
}, EVERY_MS);

const noticed = new Set<string>();

/** A line of a container that is not listed yet: it is asked for at once. */
export function noticeContainer(name: string): void {
  if (noticed.has(name)) return;
  noticed.add(name);
  if (containers.value?.every((one) => one.name !== name)) void containerPoller.ask();
}

export interface Group {
  /** The compose project; empty for containers without one. */
  name: string;
  containers: Container[];
}

export const groups = computed<Group[]>(() => groupByProject(containers.value ?? []));

/** By project, then by name; what has no project comes last. */
export function groupByProject(all: readonly Container[]): Group[] {
  const byProject = new Map<string, Container[]>();
  for (const one of all.toSorted((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))) {
    const members = byProject.get(one.project ?? '');
    if (members) members.push(one);
    else byProject.set(one.project ?? '', [one]);
  }
  return [...byProject]
    .map(([name, members]) => ({ name, containers: members }))
    .sort((a, b) => Number(a.name === '') - Number(b.name === '') || a.name.localeCompare(b.name));
}

/** The choice after a click: only this one, or with `add` one more or one less. */
export function choose(chosen: readonly string[], name: string, add: boolean): string[] {
  if (!add) return chosen.length === 1 && chosen[0] === name ? [] : [name];
  return chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name];
}
