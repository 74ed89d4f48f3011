// The list of source maps, how it is narrowed, and what is open.
import { computed, signal } from '@preact/signals';

import { createPagedList, type ReadPage } from '../list/paged-list.ts';
import { listKeys, listMaps, type Narrowing } from '../relay-api.ts';
import type { SourceMap } from '../wire.ts';

export const mapList = createPagedList<SourceMap>();

/** True while the dialog for an upload is open. */
export const uploading = signal(false);

export const FILTERS = ['project', 'release'] as const;

export function narrowing(params: URLSearchParams): Narrowing {
  return { project: params.get('project'), release: params.get('release') };
}

export function mapReader(params: URLSearchParams): ReadPage<SourceMap> {
  return (asked, signal) => listMaps({ ...narrowing(params), ...asked }, signal);
}

export async function readMap(id: number): Promise<SourceMap | null> {
  const { items } = await listMaps({ before: id + 1, limit: 1 });
  return items[0]?.id === id ? items[0] : null;
}

const OFFERED = 1000;
const projectsOfKeys = signal<string[]>([]);

/** The projects of the keys are offered too: a map may be the first of its project. */
export async function loadProjects(): Promise<void> {
  const { items } = await listKeys({ limit: OFFERED });
  projectsOfKeys.value = items.map((key) => key.project);
}

/** Names that are worth offering, each once. */
export const projects = computed(() => distinct([...projectsOfKeys.value, ...mapList.rows.value.map((map) => map.project)]));
export const releases = computed(() => distinct(mapList.rows.value.map((map) => map.release)));

const distinct = (names: string[]): string[] => [...new Set(names)].slice(0, OFFERED);
