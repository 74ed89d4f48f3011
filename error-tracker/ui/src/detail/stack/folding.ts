// Which frames are shown, and which are folded into "12 library frames".
import type { Frame } from '../../wire.ts';

export type Piece = { kind: 'frame'; frame: Frame; key: number } | { kind: 'folded'; frames: Frame[]; key: number };

/**
 * Frames of the application one by one, runs of library frames folded. A run of one is shown as it
 * is: the fold would take the same room. Without any frame of the application nothing is folded,
 * because then the libraries are all there is to read.
 */
export function fold(frames: readonly Frame[]): Piece[] {
  if (!frames.some((frame) => frame.in_app)) return unfolded(frames);
  const pieces: Piece[] = [];
  for (let start = 0; start < frames.length; ) {
    let end = start;
    while (end < frames.length && !frames[end]?.in_app) end++;
    if (end - start > 1) {
      pieces.push({ kind: 'folded', frames: frames.slice(start, end), key: start });
      start = end;
    } else {
      pieces.push(...unfolded(frames.slice(start, start + 1), start));
      start++;
    }
  }
  return pieces;
}

export function unfolded(frames: readonly Frame[], from = 0): Piece[] {
  return frames.map((frame, index) => ({ kind: 'frame', frame, key: from + index }));
}

/** "cart.py:31:12" with the folder apart, so that the name can stand out. */
export function place(frame: Frame): { folder: string; name: string; position: string } {
  const cut = Math.max(frame.file.lastIndexOf('/'), frame.file.lastIndexOf('\\')) + 1;
  const position = [frame.line, frame.column].filter((one) => one !== null).map((one) => `:${one}`);
  return { folder: frame.file.slice(0, cut), name: frame.file.slice(cut), position: position.join('') };
}
