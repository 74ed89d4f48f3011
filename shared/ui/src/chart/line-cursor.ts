// The cursor that all charts of a page share, and what dragging and double clicks mean.
import type uPlot from 'uplot';

const SHORTEST_DRAG_PX = 5;
const SYNC_KEY = 'page';

interface Reactions {
  onHover: (index: number | null) => void;
  onZoom: (from: number, to: number) => void;
  onReset: () => void;
}

// A drag is mirrored by the other charts; only the one under the hand acts on it.
let draggedIn: uPlot | null = null;

export function cursorOf({ onReset }: Reactions, marks: (series: number) => boolean): uPlot.Cursor {
  return {
    y: false,
    points: { size: (_plot, series) => (marks(series) ? 6 : 0) },
    drag: { x: true, y: false, setScale: false, dist: SHORTEST_DRAG_PX },
    sync: { key: SYNC_KEY, scales: ['x', null], setSeries: false },
    bind: {
      mousedown: (plot, _target, handler) => (event) => {
        draggedIn = plot;
        return handler(event);
      },
      dblclick: () => () => {
        onReset();
        return null;
      },
    },
  };
}

export function hooksOf({ onHover, onZoom }: Reactions): uPlot.Hooks.Arrays {
  return {
    setCursor: [(plot) => onHover(plot.cursor.idx ?? null)],
    setSelect: [
      (plot) => {
        const { left, width } = plot.select;
        plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        if (plot !== draggedIn || width <= 0) return;
        draggedIn = null;
        onZoom(plot.posToVal(left, 'x') * 1000, plot.posToVal(left + width, 'x') * 1000);
      },
    ],
  };
}
