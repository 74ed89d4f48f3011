// Takes secrets out of URLs, wherever in a text a URL stands. The relay does the same again; the rule is written there too.

const SECRET =
  /^[?&;]?code$|(^|[^\p{L}\p{N}])(token|key|secret|pass(word|wd)|pwd|auth(orization)?|sig(nature)?|jwt|session|sid)([^\p{L}\p{N}]|$)/iu;
/** Before a `://`, the path, the query, the fragment, and the line and column that a stack writes behind a URL. */
const URL_PARTS = /^([^?#]*?:\/\/[^/?#]*)?([^?#]*)(\?[^#]*?)?(#.*?)?((?::\d+){0,2})$/;

export function scrub(text: string): string {
  return /[=@#]/.test(text) ? text.replace(/[^\s"'`<>(){}\\^]+/g, scrubToken) : text;
}

function scrubToken(token: string): string {
  const [, authority = '', path = '', query = '', fragment = '', position = ''] = URL_PARTS.exec(token) || [];
  if (!authority && !query && !/^[/.#]/.test(token)) return token;
  const [route, ...parameters] = fragment.split('?');
  return (
    authority.replace(/(:\/\/[^:@]*:).+@/, '$1***@') +
    path +
    scrubParameters(query) +
    (route!.includes('=') ? '#***' : [route, ...parameters.map(scrubParameters)].join('?')) +
    position
  );
}

function scrubParameters(parameters: string): string {
  // A name begins behind a separator: tried from each character on, a long text without `=` takes quadratic time.
  return parameters.replace(/((?:^|[?&;])[^?&;=]+)=[^?&;]+/g, (parameter, name) => (isSecret(name) ? name + '=***' : parameter));
}

/** The name may have its separator before it. */
function isSecret(name: string): boolean {
  try {
    name = decodeURIComponent(name.replace(/\+/g, ' '));
  } catch {
    // Not encoded.
  }
  // `accessToken` and `APIKey` are two words each.
  return SECRET.test(name.replace(/[\p{Ll}\p{N}](?=\p{Lu})|\p{Lu}(?=\p{Lu}\p{Ll})/gu, '$& '));
}
