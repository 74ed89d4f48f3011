// Any JSON value as a tree that opens and closes. Everything is text.
import type { ComponentChildren } from 'preact';

import './code.css';

const OPEN_DEPTH = 2;

export interface JsonTreeProps {
  value: unknown;
  name?: string;
  /** The names that lead here, outermost first. */
  path?: readonly string[];
  /** What can be done with a single value, shown behind it. */
  action?: ((path: readonly string[], value: string | number | boolean | null) => ComponentChildren) | undefined;
}

export function JsonTree({ value, name, path = [], action }: JsonTreeProps) {
  if (typeof value !== 'object' || value === null) {
    return (
      <div class="json-leaf">
        {name !== undefined && <span class="json-name">{name}</span>}
        <span class={`json-${value === null ? 'null' : typeof value}`}>{typeof value === 'string' ? value : JSON.stringify(value)}</span>
        {action?.(path, value as string | number | boolean | null)}
      </div>
    );
  }
  const entries = Object.entries(value);
  const size = Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`;
  const members = entries.map(([key, member]) => <JsonTree key={key} name={key} value={member} path={[...path, key]} action={action} />);
  if (path.length === 0) return <div class="json code">{members}</div>;
  return (
    <details class="json-branch" open={path.length < OPEN_DEPTH && entries.length <= 20}>
      <summary>
        <span class="json-name">{name}</span> <span class="muted">{size}</span>
      </summary>
      {members}
    </details>
  );
}
