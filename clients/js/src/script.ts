// The script for a tag: `window.Monlight`, and a client at once where `window.MonlightConfig` is there.
import { Monlight } from './client.ts';
import { init } from './index.ts';
import type { Options } from './options.ts';

const page = window as unknown as { Monlight: typeof Monlight & { init?: typeof init; client?: Monlight }; MonlightConfig?: Options };

page.Monlight = Monlight;
page.Monlight.init = init;
if (page.MonlightConfig) page.Monlight.client = init(page.MonlightConfig);
