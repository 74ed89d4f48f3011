// There are metrics, but none in this range, of this project or with these labels.
import { linkWith, query } from '@monlight/ui/router.ts';
import { zone } from '@monlight/ui/preferences.ts';

import { rangeChanges, rangeOf } from '../range/range.ts';
import { inWords } from '../range/words.ts';

const WIDEST = '30d';

export function NothingHere() {
  const params = query.value;
  const range = rangeOf(params);
  const project = params.get('project');
  const isWidest = 'period' in range && range.period === WIDEST;
  return (
    <div class="notice">
      <h2>Nothing came in</h2>
      <p class="muted">
        No data points {project ? `of the project ${project} ` : ''}in this range: {inWords(range, zone.value)}.
      </p>
      {!isWidest && (
        <a class="button" href={linkWith(rangeChanges({ period: WIDEST }))}>
          Look at the last 30 days
        </a>
      )}
      {params.has('labels') && (
        <a class="button" href={linkWith({ labels: null })}>
          Take off the label filters
        </a>
      )}
      {project && (
        <a class="button" href={linkWith({ project: null })}>
          Look at all projects
        </a>
      )}
    </div>
  );
}
