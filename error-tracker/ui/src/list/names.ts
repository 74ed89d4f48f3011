// The projects, environments and releases there are to filter by.
import { signal } from '@preact/signals';

import { listNames } from '../errors-api.ts';

export const projects = signal<string[]>([]);
export const environments = signal<string[]>([]);
export const releases = signal<string[]>([]);

/** Reads them again; a failure leaves what was known, the list itself says what is wrong. */
export async function loadNames(project: string): Promise<void> {
  await Promise.allSettled([
    listNames('projects', '').then((names) => (projects.value = names)),
    listNames('environments', project).then((names) => (environments.value = names)),
    listNames('releases', project).then((names) => (releases.value = names)),
  ]);
}
