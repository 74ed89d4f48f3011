// One container: its colour, whether it runs, how many lines there are of it.
import { Count } from '@monlight/ui/Count.tsx';
import { now } from '@monlight/ui/clock.ts';
import { go, linkWith } from '@monlight/ui/router.ts';
import { relativeTime } from '@monlight/ui/time.ts';

import type { Container } from '../wire.ts';
import { hueStyle } from './color.ts';
import { choose } from './containers.ts';

export function ContainerItem({ container, chosen }: { container: Container; chosen: readonly string[] }) {
  const { name } = container;
  const taken = chosen.includes(name);
  const address = (add: boolean) => linkWith({ container: choose(chosen, name, add), entry: null });
  return (
    <li class={`container-item ${taken ? 'taken' : ''} ${container.running ? '' : 'stopped'}`} style={hueStyle(name)}>
      <input
        type="checkbox"
        checked={taken}
        aria-label={`Show ${name} too`}
        onClick={(event) => {
          event.preventDefault();
          go(address(true));
        }}
      />
      <a
        href={address(false)}
        title={describe(container)}
        aria-current={taken ? 'true' : undefined}
        onClick={(event) => {
          if (!event.ctrlKey && !event.metaKey) return;
          event.preventDefault();
          go(address(true));
        }}
      >
        <i class="container-dot" aria-hidden="true" />
        <span class="container-name">{name}</span>
        {container.unreadable !== null && <span class="container-warning">!</span>}
        <Count value={container.log_count} unit="lines" />
      </a>
    </li>
  );
}

function describe({ name, image, running, last_log, unreadable }: Container): string {
  const last = last_log === null ? 'no line yet' : `last line ${relativeTime(Date.parse(last_log), now.value)}`;
  const facts = [name, image, running ? 'running' : 'stopped', last];
  return [...facts, ...(unreadable === null ? [] : [`Cannot be read: ${unreadable}`]), 'Ctrl-click adds it to the others'].join('\n');
}
