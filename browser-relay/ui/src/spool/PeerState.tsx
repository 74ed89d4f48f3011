// One peer: whether it takes what is sent, and what waits for it.
import { Count } from '@monlight/ui/Count.tsx';
import { binaryText, exactNumber } from '@monlight/ui/number.ts';
import { safeUrl } from '@monlight/ui/safe-url.ts';
import { Time } from '@monlight/ui/Time.tsx';
import type { ComponentChildren } from 'preact';

import { about } from '../about.ts';
import type { Peer } from '../wire.ts';
import { itemsOf, LINKS, NAMES, stateOf, toneOf } from './words.ts';

const STATES = { good: 'Takes what is sent', quiet: 'Nothing sent yet', bad: 'Away' };

export function PeerState({ peer }: { peer: Peer }) {
  const tone = toneOf(peer);
  const address = safeUrl(about.value?.links[LINKS[peer.peer]]);
  const items = itemsOf(peer);
  return (
    <section class="peer" data-peer={peer.peer}>
      <header>
        <h2>{address ? <a href={address}>{NAMES[peer.peer]}</a> : NAMES[peer.peer]}</h2>
        <span class={`peer-state ${tone}`}>
          <i class="live-dot" />
          {peer.since === null ? (
            STATES[tone]
          ) : (
            <>
              Went away <Time at={peer.since} />
            </>
          )}
        </span>
      </header>
      <p class="peer-words muted">{stateOf(peer)}</p>
      <dl>
        <Figure name="Waiting" note={peer.waiting > 0 && binaryText(peer.waiting_bytes)}>
          <Count value={peer.waiting} unit={items} />
        </Figure>
        <Figure name="Oldest">{peer.waiting_since ? <Time at={peer.waiting_since} /> : <span class="faint">–</span>}</Figure>
      </dl>
      <h3>Since the relay was started</h3>
      <dl>
        <Figure name="Delivered" title={`${exactNumber(peer.delivered)} ${items} that it has taken`}>
          <Count value={peer.delivered} unit={items} />
        </Figure>
        <Figure name="Refused" bad={peer.refused > 0} title={`${items} that it refused for ever; the log says why`}>
          <Count value={peer.refused} unit={items} />
        </Figure>
        <Figure name="Turned away" bad={peer.turned_away > 0} title={`${items} that there was no room for; browsers were told to come again`}>
          <Count value={peer.turned_away} unit={items} />
        </Figure>
      </dl>
    </section>
  );
}

interface FigureProps {
  name: string;
  title?: string;
  note?: string | false;
  bad?: boolean;
  children: ComponentChildren;
}

function Figure({ name, title, note, bad = false, children }: FigureProps) {
  return (
    <div class={bad ? 'bad' : ''}>
      <dt title={title}>{name}</dt>
      <dd>
        {children} {note && <small class="muted">{note}</small>}
      </dd>
    </div>
  );
}
