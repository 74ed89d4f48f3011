// The stack: application frames, all frames, or the text as it was reported.
import { Tabs } from '@monlight/ui/filters/Tabs.tsx';
import { linkWith, query } from '@monlight/ui/router.ts';

import type { Exception } from '../../wire.ts';
import { Frames } from './Frames.tsx';
import './stack.css';

const RELATIONS = { cause: 'caused by', context: 'while handling' };

export function StackSection({ stack, traceback }: { stack: Exception[]; traceback: string }) {
  const parsed = stack.some((exception) => exception.frames.length > 0);
  if (!parsed && traceback.trim() === '') {
    return (
      <section class="panel">
        <h2>Stack</h2>
        <p class="muted">The report came without a traceback.</p>
      </section>
    );
  }
  const view = parsed ? (query.value.get('stack') ?? 'app') : 'text';
  const tab = (label: string, name: string) => ({
    label,
    address: linkWith({ stack: name === 'app' ? null : name }),
    current: view === name,
  });
  return (
    <section class="panel">
      <header>
        <h2>Stack</h2>
        {parsed && <Tabs label="Frames shown" tabs={[tab('App', 'app'), tab('All', 'all'), tab('Text', 'text')]} />}
      </header>
      {view === 'text' ? (
        <pre class="traceback">{traceback}</pre>
      ) : (
        stack.map((exception, index) => (
          <div key={index} class="exception">
            {(stack.length > 1 || exception.relation) && (
              <h3 class="exception-title">
                {exception.relation && <span class="relation">{RELATIONS[exception.relation]}</span>}
                <span class="code">{exception.title}</span>
              </h3>
            )}
            <Frames frames={exception.frames} all={view === 'all'} />
          </div>
        ))
      )}
    </section>
  );
}
