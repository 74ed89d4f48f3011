// The frames of one exception, innermost first.
import { counted } from '@monlight/ui/number.ts';
import { useSignal } from '@preact/signals';

import type { Frame } from '../../wire.ts';
import { fold, unfolded } from './folding.ts';
import { FrameView } from './FrameView.tsx';

export function Frames({ frames, all }: { frames: Frame[]; all: boolean }) {
  if (frames.length === 0) return <p class="muted">No frames.</p>;
  const pieces = all ? unfolded(frames) : fold(frames);
  return (
    <ol class="frames">
      {pieces.map((piece) =>
        piece.kind === 'frame' ? (
          <FrameView key={piece.key} frame={piece.frame} open={all || piece.frame.in_app} />
        ) : (
          <Folded key={piece.key} frames={piece.frames} />
        ),
      )}
    </ol>
  );
}

function Folded({ frames }: { frames: Frame[] }) {
  const open = useSignal(false);
  return (
    <>
      <li class="folded-frames">
        <button class="link-button" aria-expanded={open.value} onClick={() => (open.value = !open.value)}>
          {open.value ? '▾' : '▸'} {counted(frames.length, 'library frame')}
        </button>
      </li>
      {open.value && frames.map((frame, index) => <FrameView key={index} frame={frame} open={false} />)}
    </>
  );
}
