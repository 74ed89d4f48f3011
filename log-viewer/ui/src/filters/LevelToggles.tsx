// The levels, each on or off.
import { go, linkWith, query } from '@monlight/ui/router.ts';

import { LEVELS, type Level } from '../wire.ts';
import { andWorse, LEVEL_WORDS, levelChanges, levelsShown, toggled } from './levels.ts';
import './levels.css';

export function LevelToggles() {
  const shown = levelsShown(query.value);
  return (
    <div class="levels" role="group" aria-label="Levels">
      {LEVELS.map((level) => (
        <button
          key={level}
          class={`level-toggle level-${level.toLowerCase()}`}
          aria-pressed={shown.includes(level)}
          title={`${shown.includes(level) ? 'Hide' : 'Show'} ${LEVEL_WORDS[level]}\nShift-click: this and worse\nCtrl-click: only this`}
          onClick={(event) => go(linkWith(levelChanges(choiceOf(event, shown, level))))}
        >
          <i aria-hidden="true" />
          {LEVEL_WORDS[level]}
        </button>
      ))}
    </div>
  );
}

function choiceOf(event: MouseEvent, shown: readonly Level[], level: Level): Level[] {
  if (event.shiftKey) return andWorse(level);
  if (event.ctrlKey || event.metaKey) return [level];
  return toggled(shown, level);
}
