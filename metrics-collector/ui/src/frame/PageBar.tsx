// Under the product bar: which page, which project, and whether to compare.
import { Select } from '@monlight/ui/filters/Select.tsx';
import { Tabs } from '@monlight/ui/filters/Tabs.tsx';
import { go, linkWith, page, query } from '@monlight/ui/router.ts';
import '@monlight/ui/shell/page-bar.css';
import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';

import { listProjects } from '../metrics-api.ts';
import { compares, linkCarrying } from './carried.ts';
import './toggle.css';

const projects = signal<string[]>([]);

export function PageBar({ children }: { children?: ComponentChildren }) {
  const params = query.value;
  const comparing = compares(params);
  useEffect(() => void listProjects().then((names) => (projects.value = names), () => undefined), []);
  return (
    <div class="page-bar">
      <Tabs
        label="Pages"
        tabs={[
          { label: 'Overview', address: linkCarrying({}), current: page.value !== 'explore' },
          { label: 'Explorer', address: linkCarrying({}, 'explore'), current: page.value === 'explore' },
        ]}
      />
      <Select
        label="Project"
        value={params.get('project') ?? ''}
        options={[['', 'All projects'], ...projects.value.map((name) => [name, name] as const)]}
        onChange={(value) => go(linkWith({ project: value }))}
      />
      <button
        class={`button toggle ${comparing ? 'on' : ''}`}
        aria-pressed={comparing}
        title="Draw the previous period behind this one"
        onClick={() => go(linkWith({ compare: comparing ? null : 'previous' }))}
      >
        Compare
      </button>
      {children}
    </div>
  );
}
