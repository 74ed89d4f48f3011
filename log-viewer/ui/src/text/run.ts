// A piece of text that looks the same throughout.

export interface Run {
  text: string;
  /** Class names, empty for plain text. */
  class: string;
  color?: string;
  background?: string;
  /** Part of what was searched for. */
  hit?: boolean;
}

export const textOf = (runs: readonly Run[]): string => runs.map((run) => run.text).join('');

/** The first so many characters of the runs. */
export function cutRuns(runs: readonly Run[], length: number): Run[] {
  const kept: Run[] = [];
  let left = length;
  for (const run of runs) {
    if (left <= 0) break;
    kept.push(run.text.length <= left ? run : { ...run, text: run.text.slice(0, left) });
    left -= run.text.length;
  }
  return kept;
}
