// Under the page: facts of the service, and the way out.
import type { ComponentChildren } from 'preact';

import { showFault } from '../feedback/toast.ts';
import { signOut } from '../session.ts';
import './page-footer.css';

export function PageFooter({ children }: { children: ComponentChildren }) {
  return (
    <footer class="page-footer">
      {children}
      <button class="link-button" onClick={() => void signOut().catch(showFault)}>
        Sign out
      </button>
    </footer>
  );
}
