// The page that metrics are about: the path of its route, with ids collapsed, so that a shop with a million orders has one.

const MOST_CHARS = 200;

export function pageOf(path: string): string {
  return path
    .split('/')
    .map((segment) => (isId(segment) ? '{id}' : segment))
    .join('/')
    .slice(0, MOST_CHARS);
}

/** The page that is shown now. */
export const currentPage = (): string => pageOf(location.pathname);

/** Numbers, UUIDs, hashes, mail addresses and the random words that stand for a row of somebody's table. */
function isId(segment: string): boolean {
  return (
    /^[^@]+@|%40|^\d+$/.test(segment) ||
    (/\d/.test(segment) &&
      (/^[\da-f-]{8,}$/i.test(segment) ||
        // A word has its digits together; chance mixes them.
        (/^[\w-]{16,}$/.test(segment) && segment.match(/\d(?=[a-z])|[a-z](?=\d)/gi)?.[2] !== undefined)))
  );
}
