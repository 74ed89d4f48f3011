// Nothing that goes wrong in here may reach the page.

/** What is read, or nothing when reading throws. */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    // Nobody is told.
  }
}

/** In a task of its own. */
export const later = (act: () => void): unknown => setTimeout(() => attempt(act));
