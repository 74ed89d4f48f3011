// One frame: function, place, and the source around it when there is some.
import { useSignal } from '@preact/signals';

import type { Frame } from '../../wire.ts';
import { place } from './folding.ts';

export function FrameView({ frame, open: openAtFirst }: { frame: Frame; open: boolean }) {
  const open = useSignal(openAtFirst);
  const hasSource = frame.context_line !== null;
  const { folder, name, position } = place(frame);
  const head = (
    <>
      <span class="frame-function">{frame.function ?? '(anonymous)'}</span>
      <span class="frame-place">
        {folder}
        <b>{name}</b>
        {position}
      </span>
    </>
  );
  return (
    <li class={`frame ${frame.in_app ? 'in-app' : ''}`}>
      {hasSource ? (
        <button class="frame-head" aria-expanded={open.value} onClick={() => (open.value = !open.value)}>
          {head}
        </button>
      ) : (
        <div class="frame-head">{head}</div>
      )}
      {frame.unresolved && <p class="unresolved">{frame.unresolved}</p>}
      {hasSource && open.value && <Source frame={frame} />}
    </li>
  );
}

function Source({ frame }: { frame: Frame }) {
  const lines = [...frame.pre_context, frame.context_line ?? '', ...frame.post_context];
  const marked = frame.pre_context.length;
  const first = (frame.line ?? 0) - marked;
  return (
    <pre class="source" tabIndex={0} aria-label={`Source of ${frame.function ?? frame.file}`}>
      {lines.map((text, index) => (
        <code key={index} class={index === marked ? 'marked' : ''}>
          {frame.line !== null && <i>{first + index}</i>}
          <span>{text === '' ? ' ' : text}</span>
        </code>
      ))}
    </pre>
  );
}
