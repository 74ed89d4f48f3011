// Which addresses from reports and settings may become links.

/** The address when it is http or https, else null: `javascript:` and the like stay text. */
export function safeUrl(text: string | null | undefined): string | null {
  if (!text || !/^https?:\/\//i.test(text)) return null;
  try {
    return new URL(text).href;
  } catch {
    return null;
  }
}
