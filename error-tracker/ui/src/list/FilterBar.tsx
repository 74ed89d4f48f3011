// The filters over the list. Each writes to the address; the list follows the address.
import { SearchBox } from '@monlight/ui/filters/SearchBox.tsx';
import { Select } from '@monlight/ui/filters/Select.tsx';
import { Tabs } from '@monlight/ui/filters/Tabs.tsx';
import { go, linkWith, query, type Changes } from '@monlight/ui/router.ts';
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { narrowingInWords, SORTS, STATUSES, statusChanges, statusOf } from './filters.ts';
import { environments, loadNames, projects, releases } from './names.ts';
import './filter-bar.css';

const STATUS_LABELS = { open: 'Open', resolved: 'Resolved', ignored: 'Ignored', all: 'All' };

export function FilterBar() {
  const params = query.value;
  // On a phone the choices are folded away; CSS shows them all where there is room.
  const unfolded = useSignal(false);
  const value = (name: string) => params.get(name) ?? '';
  const set = (changes: Changes) => go(linkWith(changes));
  useEffect(() => void loadNames(value('project')), [value('project')]);

  const session = params.get('session_id');
  const active = narrowingInWords(params).length;
  return (
    <div class={`filter-bar ${unfolded.value ? 'unfolded' : ''}`} role="search">
      <Tabs
        label="Status"
        tabs={STATUSES.map((status) => ({
          label: STATUS_LABELS[status],
          address: linkWith(statusChanges(status)),
          current: statusOf(params) === status,
        }))}
      />
      <SearchBox
        value={value('search')}
        placeholder="Search type and message"
        onSearch={(search) => go(linkWith({ search }), params.has('search') && search !== '' ? 'replace' : 'push')}
      />
      <button class="button filters-button" aria-expanded={unfolded.value} onClick={() => (unfolded.value = !unfolded.value)}>
        Filters{active > 0 && ` · ${active}`}
      </button>
      <Names label="Project" all="All projects" values={projects.value} value={value('project')} onChange={(project) => set({ project })} />
      <Names label="Environment" all="All environments" values={environments.value} value={value('environment')} onChange={(environment) => set({ environment })} />
      <Names label="Release" all="All releases" values={releases.value} value={value('release')} onChange={(release) => set({ release })} />
      <Select
        label="Source"
        value={value('source')}
        options={[['', 'All sources'], ['server', 'Server'], ['browser', 'Browser']]}
        onChange={(source) => set({ source })}
      />
      <span class="sort">
        <Select label="Sort by" value={value('sort') === 'last_seen' ? '' : value('sort')} options={SORTS} onChange={(sort) => set({ sort })} />
      </span>
      {session && (
        <a class="chip session-chip" href={linkWith({ session_id: null })} title={`Only session ${session}. Remove this filter`}>
          session {session.slice(0, 12)} ×
        </a>
      )}
    </div>
  );
}

interface NamesProps {
  label: string;
  all: string;
  values: string[];
  value: string;
  onChange: (value: string) => void;
}

/** Hidden while there is nothing to choose between. */
function Names({ label, all, values, value, onChange }: NamesProps) {
  if (values.length === 0 && value === '') return null;
  return <Select label={label} value={value} options={[['', all], ...values.map((name) => [name, name] as const)]} onChange={onChange} />;
}
