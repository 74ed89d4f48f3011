// A few lines to paste somewhere else.
import { CopyButton } from './CopyButton.tsx';
import './snippet.css';

export function Snippet({ label, text }: { label: string; text: string }) {
  return (
    <section class="snippet">
      <header>
        <h3>{label}</h3>
        <CopyButton text={() => text}>Copy</CopyButton>
      </header>
      <pre>{text}</pre>
    </section>
  );
}
