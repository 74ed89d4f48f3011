// The public names.
import { Monlight } from './client.ts';
import type { Options } from './options.ts';

export { Monlight };
export type { Labels } from './client.ts';
export type { Options, Pattern } from './options.ts';
export type { ErrorReport } from './report.ts';

/** The same as `new Monlight(options)`. */
export const init = (options: Options): Monlight => new Monlight(options);
