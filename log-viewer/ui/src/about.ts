// What the service says about itself, asked once.
import { signal } from '@preact/signals';
import { showFault } from '@monlight/ui/feedback/toast.ts';
import { serviceLinks } from '@monlight/ui/shell/services.ts';

import { readAbout } from './logs-api.ts';
import type { About } from './wire.ts';

export const about = signal<About | null>(null);

export async function loadAbout(): Promise<void> {
  try {
    about.value = await readAbout();
    serviceLinks.value = about.value.links;
  } catch (error) {
    showFault(error);
  }
}
