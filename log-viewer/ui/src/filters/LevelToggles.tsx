// The levels: lit ones are shown. A click shows that level and worse, a second one only that.
import { go, linkWith, query } from '@monlight/ui/router.ts';

import { LEVELS } from '../wire.ts';
import { levelsShown, nextLevelFilter } from './address.ts';
import './filters.css';

const SHORT = { DEBUG: 'Debug', INFO: 'Info', WARNING: 'Warning', ERROR: 'Error', CRITICAL: 'Critical' };

export function LevelToggles() {
  const filter = query.value.get('level');
  const shown = levelsShown(filter);
  return (
    <div class="levels" role="group" aria-label="Levels">
      {LEVELS.map((level) => {
        const next = nextLevelFilter(filter, level);
        const does = next === null ? 'Show all levels' : next.startsWith('>=') ? `Show ${SHORT[level]} and worse` : `Show only ${SHORT[level]}`;
        return (
          <button
            key={level}
            class={`level-toggle level-${level.toLowerCase()}`}
            aria-pressed={shown.includes(level)}
            title={does}
            onClick={() => go(linkWith({ level: next }))}
          >
            <i aria-hidden="true" />
            {SHORT[level]}
          </button>
        );
      })}
    </div>
  );
}
