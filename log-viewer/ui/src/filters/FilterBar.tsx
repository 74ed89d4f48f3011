// Search, levels, stream and download. Each writes to the address; the list follows the address.
import { SearchBox } from '@monlight/ui/filters/SearchBox.tsx';
import { Select } from '@monlight/ui/filters/Select.tsx';
import { lazy } from '@monlight/ui/feedback/Lazy.tsx';
import { go, linkWith, query } from '@monlight/ui/router.ts';
import { useSignal } from '@preact/signals';

import { Download } from './Download.tsx';
import { LevelToggles } from './LevelToggles.tsx';
import './filter-bar.css';

const { Lazy: SearchHelp } = lazy(() => import('./SearchHelp.tsx').then((module) => module.SearchHelp));

export function FilterBar() {
  const params = query.value;
  const helping = useSignal(false);
  return (
    <div class="filter-bar" role="search">
      <div class="search-place">
        <SearchBox
          value={params.get('search') ?? ''}
          placeholder="Search the lines"
          onSearch={(search) => go(linkWith({ search }), params.has('search') && search !== '' ? 'replace' : 'push')}
        />
        <button class="button quiet small" aria-label="How to search" title="How to search" onClick={() => (helping.value = true)}>
          ?
        </button>
      </div>
      <LevelToggles />
      <Select
        label="Stream"
        value={params.get('stream') ?? ''}
        options={[['', 'Both streams'], ['stdout', 'stdout'], ['stderr', 'stderr']]}
        onChange={(stream) => go(linkWith({ stream }))}
      />
      <Download />
      {helping.value && <SearchHelp close={() => (helping.value = false)} />}
    </div>
  );
}
