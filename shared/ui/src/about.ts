// What the service says about itself, asked once.
import { signal } from '@preact/signals';

import { api } from './api.ts';
import { showFault } from './feedback/toast.ts';
import { serviceLinks } from './shell/services.ts';

interface Linked {
  links: Record<string, string | null>;
}

/** The answer, null until it is here, and the way to ask for it. */
export function createAbout<About extends Linked>() {
  const about = signal<About | null>(null);

  async function loadAbout(): Promise<void> {
    try {
      about.value = await api<About>('about');
      serviceLinks.value = about.value.links;
    } catch (error) {
      showFault(error);
    }
  }

  return { about, loadAbout };
}
