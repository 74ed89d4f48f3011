// How high a row will be, before it has been on the screen.
import { foldedLength } from '../text/shown.ts';
import type { Row } from './row.ts';
import type { Estimate } from './lines.ts';

export interface Room {
  width: number;
  height: number;
  /** The width of one character of the lines' font. */
  character: number;
}

const LINE_PX = 20;
const GAP_PX = 36;
/** Below this width, time and container stand over the text: see row.css. */
export const NARROW_PX = 640;
const META_PX = 23;
// Time, level and padding; the container's tag.
const BESIDE_PX = 170;
const TAG_PX = 148;

export function estimateFor({ width, character }: Room, wrapped: boolean, tagged: boolean): Estimate {
  const narrow = width < NARROW_PX;
  const textWidth = narrow ? width - 28 : width - BESIDE_PX - (tagged ? TAG_PX : 0);
  const columns = Math.max(10, Math.floor(textWidth / character));
  const above = narrow ? META_PX : 0;
  return (row: Row) => {
    if (row.kind === 'gap') return GAP_PX;
    if (!wrapped) return LINE_PX + above;
    if (row.length === -1) row.length = foldedLength(row.entry);
    return LINE_PX * Math.max(1, Math.ceil(row.length / columns)) + above;
  };
}
