// The frame of every page: product bar, content, and what may float over it.
import type { ComponentChildren } from 'preact';

import { HelpOverlay } from '../dialog/HelpOverlay.tsx';
import { SignIn } from '../dialog/SignIn.tsx';
import { Toasts } from '../feedback/Toasts.tsx';
import { signInNeeded } from '../session.ts';
import { ProductBar } from './ProductBar.tsx';
import type { ServiceName } from './services.ts';
import './shell.css';

export interface ShellProps {
  service: ServiceName;
  title: string;
  /** The setting that holds the key, where it is another one. */
  keySetting?: string;
  /** Controls at the right of the product bar, such as range and refresh. */
  tools?: ComponentChildren;
  children: ComponentChildren;
}

export function Shell({ service, title, keySetting = 'API_KEY', tools, children }: ShellProps) {
  return (
    <>
      <ProductBar service={service} tools={tools} />
      <main class="page">{children}</main>
      <HelpOverlay />
      {signInNeeded.value && <SignIn title={title} setting={keySetting} />}
      <Toasts />
    </>
  );
}
