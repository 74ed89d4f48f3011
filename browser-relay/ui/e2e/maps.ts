// Small maps for the tests, sound and broken.

const SOUND = {
  version: 3,
  file: 'app.js',
  sources: ['src/app.ts'],
  sourcesContent: ['export const total = (cart) => cart.prices.length;\n'],
  names: ['realName'],
  mappings: 'AAAAA,IAAAA',
};

export const soundMap = (more: Record<string, unknown> = {}): Buffer => Buffer.from(JSON.stringify({ ...SOUND, ...more }));

/** Cut off in the middle, as by an upload of a build that was still writing. */
export const brokenMap = (): Buffer => soundMap().subarray(0, 60);

export const asFile = (name: string, buffer: Buffer) => ({ name, mimeType: 'application/json', buffer });
