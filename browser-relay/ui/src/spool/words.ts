// What the spool means, in words.
import { counted } from '@monlight/ui/number.ts';

import type { Peer, Spool } from '../wire.ts';

export const NAMES = { 'error-tracker': 'Error tracker', 'metrics-collector': 'Metrics collector' };
const ITEMS = { 'error-tracker': 'report', 'metrics-collector': 'point' };
/** As in the links of api/about. */
export const LINKS = { 'error-tracker': 'error_tracker', 'metrics-collector': 'metrics_collector' };

export type Tone = 'good' | 'quiet' | 'bad';

/** "12 reports" */
export const countedItems = (peer: Peer, count: number): string => counted(count, ITEMS[peer.peer]);

export const itemsOf = (peer: Peer): string => `${ITEMS[peer.peer]}s`;

export function toneOf(peer: Peer): Tone {
  if (!peer.reachable) return 'bad';
  return peer.delivered + peer.refused > 0 ? 'good' : 'quiet';
}

/** A sentence about how it is. */
export function stateOf(peer: Peer): string {
  if (!peer.reachable) return `It ${peer.reason ?? 'is away'}. What comes in waits here and is sent when it is back.`;
  if (toneOf(peer) === 'quiet') return 'Nothing has been sent to it since the relay was started.';
  return peer.waiting > 0 ? 'What has waited is being sent.' : 'What comes in is handed on at once.';
}

export interface Mark {
  tone: 'bad' | 'warn';
  words: string;
}

/** What is to be noticed: a peer that is away, something that waits. Null while all is well. */
export function markOf(spool: Spool): Mark | null {
  const away = spool.peers.filter((peer) => !peer.reachable);
  const waiting = spool.peers.filter((peer) => peer.waiting > 0).map((peer) => `${countedItems(peer, peer.waiting)} waiting`);
  if (away.length === 0 && waiting.length === 0) return null;
  const words = [...away.map((peer) => `${NAMES[peer.peer]} away`), ...waiting].join(', ');
  return { tone: away.length > 0 ? 'bad' : 'warn', words };
}

/** From 0 to 1. */
export function shareUsed(spool: Spool): number {
  return spool.max_bytes === 0 ? 0 : Math.min(1, spool.used_bytes / spool.max_bytes);
}
