// The containers, by compose project. Each writes to the address; the list follows the address.
import { Count } from '@monlight/ui/Count.tsx';
import { linkWith, query } from '@monlight/ui/router.ts';
import { useSignal } from '@preact/signals';

import { containersOf } from '../filters/address.ts';
import { ContainerItem } from './ContainerItem.tsx';
import { containers, groups } from './containers.ts';
import './containers.css';

export function ContainerList() {
  // On a phone the list is folded away; CSS shows it where there is room.
  const unfolded = useSignal(false);
  const all = containers.value;
  const chosen = containersOf(query.value);
  if (all !== null && all.length === 0 && chosen.length === 0) return <nav class="containers none" aria-label="Containers" />;
  const gone = chosen.filter((name) => all !== null && !all.some((one) => one.name === name));
  const several = groups.value.length > 1 || (groups.value[0]?.name ?? '') !== '';
  return (
    <nav class={`containers ${unfolded.value ? 'unfolded' : ''}`} aria-label="Containers">
      <button class="button small containers-button" aria-expanded={unfolded.value} onClick={() => (unfolded.value = !unfolded.value)}>
        {chosen.length === 1 ? chosen[0] : chosen.length > 1 ? `${chosen.length} containers` : 'All containers'}
        <span aria-hidden="true">{unfolded.value ? '▴' : '▾'}</span>
      </button>
      <div class="containers-all">
        <a class="container-item everything" href={linkWith({ container: null, entry: null })} aria-current={chosen.length === 0 ? 'true' : undefined}>
          <span class="container-name">All containers</span>
          {all && <Count value={all.reduce((sum, one) => sum + one.log_count, 0)} unit="lines" />}
        </a>
        {groups.value.map((group) => (
          <section key={group.name}>
            {several && <h2>{group.name || 'Others'}</h2>}
            <ul>
              {group.containers.map((one) => (
                <ContainerItem key={one.name} container={one} chosen={chosen} />
              ))}
            </ul>
          </section>
        ))}
        {gone.map((name) => (
          <a key={name} class="container-item gone" href={linkWith({ container: chosen.filter((one) => one !== name) })}>
            <span class="container-name">{name}</span>
            <span>not here ×</span>
          </a>
        ))}
      </div>
    </nav>
  );
}
