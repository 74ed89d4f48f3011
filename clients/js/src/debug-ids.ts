// Which script carries which debug id, as bundlers write it: into a table of the page, under a stack made in the script.
import { attempt } from './attempt.ts';
import type { ErrorReport } from './report.ts';

/** The scripts of a stack that have one. */
export function debugImages(stack: string): ErrorReport['debug_meta'] {
  const images: NonNullable<ErrorReport['debug_meta']>['images'] = [];
  attempt(() => {
    for (const [made, debug_id] of Object.entries<string>((window as any)._sentryDebugIds)) {
      const code_file = /\w+:\/\/[^\s)]+?(?=:\d+:\d)/.exec(made)?.[0];
      if (code_file && stack.includes(code_file)) images.push({ code_file, debug_id });
    }
  });
  return images[0] && { images };
}
