// A quiet dot beside the spool's name while something waits or a peer is away.
import { spool } from './spool-model.ts';
import { markOf } from './words.ts';
import './mark.css';

export function SpoolMark() {
  const mark = spool.value && markOf(spool.value);
  if (!mark) return null;
  return (
    <span class={`mark ${mark.tone}`} title={mark.words}>
      <span class="visually-hidden">: {mark.words}</span>
    </span>
  );
}
