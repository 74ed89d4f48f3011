// A colour for each container: the same one on every screen, made from its name.

// Spaced so that neighbours can be told apart, and away from the red of errors.
const HUES = [48, 66, 86, 106, 126, 146, 164, 182, 200, 218, 236, 254, 272, 290, 308, 326, 344];

export function hueOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  // The low bits of this hash alone would give similar names the same colour.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return HUES[((hash ^ (hash >>> 13)) >>> 0) % HUES.length] ?? 0;
}

/** For an element's `style`; CSS makes the colour of it. */
export const hueStyle = (name: string) => ({ '--hue': String(hueOf(name)) });
