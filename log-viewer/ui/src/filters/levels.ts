// Which levels are shown, between the address and the toggles.
//
// The address takes whatever the service takes: `level=ERROR&level=INFO`, `level=ERROR,INFO`, `level=>=WARNING`.
// What is written there is always the shortest of these, so that one choice has one address.
import type { Changes } from '@monlight/ui/router.ts';

import { LEVELS, type Level } from '../wire.ts';

export const LEVEL_WORDS: Record<Level, string> = { DEBUG: 'Debug', INFO: 'Info', WARNING: 'Warning', ERROR: 'Error', CRITICAL: 'Critical' };

/** The levels that are let through, the mildest first; all of them without a filter. */
export function levelsShown(params: URLSearchParams): Level[] {
  const wanted = new Set(params.getAll('level').flatMap((text) => text.split(',')).flatMap(levelsOf));
  return wanted.size === 0 ? [...LEVELS] : LEVELS.filter((level) => wanted.has(level));
}

/** The filter for a choice of levels. None at all would show nothing, so it means all. */
export function levelFilter(shown: readonly Level[]): string[] {
  const [mildest] = shown;
  if (mildest === undefined || shown.length === LEVELS.length) return [];
  const isWorstOnes = shown.length > 1 && shown.length === LEVELS.length - LEVELS.indexOf(mildest);
  return isWorstOnes ? [`>=${mildest}`] : [...shown];
}

export const levelChanges = (shown: readonly Level[]): Changes => ({ level: levelFilter(shown) });

export function toggled(shown: readonly Level[], level: Level): Level[] {
  return LEVELS.filter((one) => (one === level ? !shown.includes(one) : shown.includes(one)));
}

export function andWorse(level: Level): Level[] {
  return LEVELS.slice(LEVELS.indexOf(level));
}

function levelsOf(text: string): Level[] {
  const [, least, name] = /^\s*(>=)?\s*([a-z]+)\s*$/i.exec(text) ?? [];
  const level = LEVELS.find((one) => one === name?.toUpperCase());
  if (level === undefined) return [];
  return least ? andWorse(level) : [level];
}
