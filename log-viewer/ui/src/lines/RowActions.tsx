// What can be done with the row under the pointer or the cursor.
import { copyText } from '@monlight/ui/code/CopyButton.tsx';
import { showToast } from '@monlight/ui/feedback/toast.ts';
import { linkTo, linkWith } from '@monlight/ui/router.ts';

import { stripAnsi } from '../text/ansi.ts';
import type { EntryRow } from './row.ts';
import type { LogView } from './view.ts';

export function RowActions({ row, view }: { row: EntryRow; view: LogView }) {
  const { entry } = row;
  return (
    <span class="row-actions">
      {view.marked !== entry.id && (
        <a href={linkWith({ entry: String(entry.id) })} title="The lines around it (c)">
          Context
        </a>
      )}
      <button onClick={() => void copy(stripAnsi(entry.message), 'The line is copied.')}>Copy</button>
      <button onClick={() => void copy(permalink(entry.id), 'The link is copied.')}>Link</button>
    </span>
  );
}

export function permalink(id: number): string {
  return new URL(linkTo({ entry: String(id) }), location.href).href;
}

async function copy(text: string, done: string): Promise<void> {
  if (await copyText(text)) showToast(done);
  else showToast('The browser did not allow copying.', undefined, 'fault');
}
