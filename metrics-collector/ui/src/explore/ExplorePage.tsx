// Any metric, by any of its labels: the metrics at the left, what they say beside them.
import { useKeys } from '@monlight/ui/keyboard.ts';
import { query } from '@monlight/ui/router.ts';
import { useEffect } from 'preact/hooks';

import { PageBar } from '../frame/PageBar.tsx';
import { Explorer } from './Explorer.tsx';
import { MetricList } from './MetricList.tsx';
import { questionOf } from './question.ts';
import { listOpen, searchHere } from './searching.ts';
import './explore.css';

export function ExplorePage() {
  useKeys([{ keys: ['/'], label: 'Search a metric', run: searchHere }]);
  const question = questionOf(query.value);
  const metric = question?.metric ?? null;
  useEffect(() => {
    document.title = metric === null ? 'Explorer · Monlight' : `${metric} · Monlight`;
    listOpen.value = false;
  }, [metric]);
  return (
    <>
      <h1 class="visually-hidden">Explorer</h1>
      <PageBar />
      <div class={`explore ${listOpen.value || metric === null ? 'choosing' : ''}`}>
        <MetricList chosen={question} />
        {question ? (
          <Explorer question={question} />
        ) : (
          <div class="notice">
            <h2>Pick a metric</h2>
            <p class="muted">
              The list has every metric that has sent data. Press <kbd>/</kbd> to search it.
            </p>
          </div>
        )}
      </div>
    </>
  );
}
