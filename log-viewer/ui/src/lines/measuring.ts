// Reads from the page how much room there is and how high the rows have become.
import type { Room } from './estimate.ts';
import type { Lines } from './lines.ts';

export function measureRoom(scroller: HTMLElement, known: Room | null): Room {
  const [width, height] = [scroller.clientWidth, scroller.clientHeight];
  return { width, height, character: known?.character ?? characterWidth(scroller) };
}

/** Takes the heights of the rows on the screen; the first of them has the given index. */
export function measureRows(list: HTMLElement | null, lines: Lines, from: number): void {
  let changed = false;
  let index = from;
  for (const element of list?.children ?? []) {
    const height = element.getBoundingClientRect().height;
    const row = lines.rows[index];
    if (row && height > 0 && row.key === (element as HTMLElement).dataset['key']) {
      if (Math.abs(row.height - height) > 0.5) changed = true;
      if (!row.measured || row.height !== height) lines.measure(index, height);
    }
    index += 1;
  }
  if (changed) lines.changed();
}

function characterWidth(place: HTMLElement): number {
  const sample = document.createElement('span');
  sample.className = 'line-text character-sample';
  sample.textContent = 'x'.repeat(100);
  place.append(sample);
  const width = sample.getBoundingClientRect().width / 100;
  sample.remove();
  return width > 0 ? width : 8;
}
