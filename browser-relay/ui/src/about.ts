// What the service says about itself.
import { createAbout } from '@monlight/ui/about.ts';

import type { About } from './wire.ts';

export const { about, loadAbout } = createAbout<About>();
