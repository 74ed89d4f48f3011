// What waits for the error tracker and the metrics collector, and why.
import { Failure, Skeleton } from '@monlight/ui/feedback/States.tsx';
import { liveFault } from '@monlight/ui/live.ts';
import { binaryText, exactNumber } from '@monlight/ui/number.ts';
import { signInNeeded } from '@monlight/ui/session.ts';
import { useEffect } from 'preact/hooks';

import { PageBar } from '../frame/PageBar.tsx';
import { refreshNow, useRefreshing } from '../frame/refreshing.ts';
import type { Spool } from '../wire.ts';
import { PeerState } from './PeerState.tsx';
import { refreshSpool, spool } from './spool-model.ts';
import { shareUsed } from './words.ts';
import './spool.css';

const LIVE_MS = 3000;
const NEARLY_FULL = 0.8;

export function SpoolPage() {
  useRefreshing(refreshSpool, LIVE_MS);
  useEffect(() => {
    document.title = 'Spool · Browsers · Monlight';
    refreshNow();
  }, []);
  const state = spool.value;
  return (
    <>
      <h1 class="visually-hidden">Spool</h1>
      <PageBar />
      {state && <State spool={state} />}
      {!state && liveFault.value !== null && <Failure what="The spool could not be read" error={liveFault.value} retry={refreshNow} />}
      {!state && liveFault.value === null && !signInNeeded.value && <Skeleton lines={6} />}
    </>
  );
}

function State({ spool: { used_bytes, max_bytes, peers }, spool: state }: { spool: Spool }) {
  const share = shareUsed(state);
  const percent = share > 0 && share < 0.01 ? 'less than 1 %' : `${Math.floor(share * 100)} %`;
  return (
    <div class="spool" aria-busy="false">
      <section class="usage">
        <header>
          <h2>Spool</h2>
          <span title={`${exactNumber(used_bytes)} of ${exactNumber(max_bytes)} bytes`}>
            {binaryText(used_bytes)} of {binaryText(max_bytes)}, {percent}
          </span>
        </header>
        <div
          class={`usage-bar ${share >= NEARLY_FULL ? 'full' : ''}`}
          role="meter"
          aria-label="Spool in use"
          aria-valuemin={0}
          aria-valuemax={max_bytes}
          aria-valuenow={used_bytes}
        >
          <i style={{ width: `${used_bytes > 0 ? Math.max(share * 100, 0.4) : 0}%` }} />
        </div>
        <p class="muted">What a service cannot take now waits here, on the disk. When the spool is full, browsers are told to come again.</p>
      </section>
      <div class="peers">
        {peers.map((peer) => (
          <PeerState key={peer.peer} peer={peer} />
        ))}
      </div>
    </div>
  );
}
