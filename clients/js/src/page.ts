// The page that metrics are about: the path of its route, with ids collapsed, so that a shop with a million orders has one.

/** Where the page is now. */
export const currentAddress = (): string => location.pathname + location.hash;

/** A fragment that is a path belongs to it: it is the route of an application that keeps its routes there. */
export function pageOf(address: string): string {
  return address
    .replace(/#(?!!?\/).*|\?.*/, '')
    .split('/')
    .map((segment) => (isId(segment) ? '{id}' : segment))
    .join('/');
}

/** Numbers, UUIDs, hashes, mail addresses and the random words that stand for a row of somebody's table. */
function isId(segment: string): unknown {
  return (
    /^[^@]+@|%40|^\d+$/.test(segment) ||
    (/\d/.test(segment) &&
      (/^[\da-f-]{8,}$/i.test(segment) ||
        // A word has its digits together; chance mixes them.
        (/^[\w-]{16,}$/.test(segment) && segment.match(/\d(?=[a-z])|[a-z](?=\d)/gi)?.[2])))
  );
}
