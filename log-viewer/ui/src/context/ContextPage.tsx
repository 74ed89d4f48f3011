// One line among its neighbours.
import { ApiError } from '@monlight/ui/api.ts';
import { Failure, Skeleton } from '@monlight/ui/feedback/States.tsx';
import { useKeys } from '@monlight/ui/keyboard.ts';
import { go, hasHistory, linkWith } from '@monlight/ui/router.ts';
import { Time } from '@monlight/ui/Time.tsx';
import { useEffect, useMemo } from 'preact/hooks';

import { hueStyle } from '../containers/color.ts';
import { LogList } from '../lines/LogList.tsx';
import { rowKeys } from '../lines/row-keys.ts';
import { place } from '../lines/cursor.ts';
import { createContextModel, type ContextModel } from './context-model.ts';
import './context.css';

export function ContextPage({ id }: { id: number }) {
  const model = useMemo(() => createContextModel(id), [id]);
  useContextKeys(model);
  useEffect(() => {
    document.title = `Line ${id} · Logs · Monlight`;
    void model.load();
    return model.stop;
  }, [model]);
  const state = model.state.value;
  return (
    <section class="content" aria-label="The lines around one line">
      <header class="context-bar">
        <a class="button small" href={linkWith({ entry: null })} onClick={goBack}>
          ← Back
        </a>
        {state.kind === 'shown' && (
          <>
            <span>
              Around a line of <b class="line-container" style={hueStyle(state.entry.container)}>{state.entry.container}</b>
            </span>
            <span class="muted"><Time at={state.entry.timestamp} absolute /></span>
            <button class="button small quiet" onClick={() => model.showMarked()}>
              To the line
            </button>
          </>
        )}
      </header>
      {state.kind === 'loading' && <Skeleton lines={30} />}
      {state.kind === 'failed' && <Fault error={state.error} model={model} id={id} />}
      {state.kind === 'shown' && <Neighbours model={model} />}
    </section>
  );
}

function Neighbours({ model }: { model: ContextModel }) {
  // Once the list knows its room.
  useEffect(() => {
    const frame = requestAnimationFrame(() => model.showMarked());
    return () => cancelAnimationFrame(frame);
  }, [model]);
  return <LogList view={model.view} showContainer={false} />;
}

function Fault({ error, model, id }: { error: unknown; model: ContextModel; id: number }) {
  if (error instanceof ApiError && error.status === 404) {
    return (
      <div class="notice">
        <h2>Line {id} is not here any more</h2>
        <p class="muted">Only the newest lines are kept; the oldest make room for them.</p>
      </div>
    );
  }
  return <Failure what="The line could not be loaded" error={error} retry={() => void model.load()} />;
}

function useContextKeys(model: ContextModel): void {
  const { view } = model;
  const edge = (index: number) => {
    const row = view.lines.rows.at(index);
    if (row) place(view, row.id, view.lines.indexOf(row));
  };
  useKeys([
    ...rowKeys(view),
    { keys: ['c'], label: 'Back to the line', run: () => model.showMarked() },
    { keys: ['g', 'Home'], label: 'To the top', run: () => edge(0) },
    { keys: ['G', 'End'], label: 'To the end', run: () => edge(-1) },
    { keys: ['Escape', 'u'], label: 'Back to the list', run: () => goBack() },
  ]);
}

function goBack(event?: Event): void {
  event?.preventDefault();
  if (hasHistory()) history.back();
  else go(linkWith({ entry: null }));
}
