// Any JSON value as a tree that opens and closes. Everything is text.
import './code.css';

const OPEN_DEPTH = 2;

export function JsonTree({ value, name, depth = 0 }: { value: unknown; name?: string; depth?: number }) {
  if (typeof value !== 'object' || value === null) {
    return (
      <div class="json-leaf">
        {name !== undefined && <span class="json-name">{name}</span>}
        <span class={`json-${value === null ? 'null' : typeof value}`}>{typeof value === 'string' ? value : JSON.stringify(value)}</span>
      </div>
    );
  }
  const entries = Object.entries(value);
  const size = Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`;
  const members = entries.map(([key, member]) => <JsonTree key={key} name={key} value={member} depth={depth + 1} />);
  if (depth === 0) return <div class="json code">{members}</div>;
  return (
    <details class="json-branch" open={depth < OPEN_DEPTH && entries.length <= 20}>
      <summary>
        <span class="json-name">{name}</span> <span class="muted">{size}</span>
      </summary>
      {members}
    </details>
  );
}
