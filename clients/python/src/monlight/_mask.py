"""Takes secrets out of URLs, wherever in a text a URL stands, and knows the names that secrets have.

The rule is the browser relay's: a parameter is secret when one of the words of its name says so, a fragment that looks
like parameters is secret as a whole, and so is the password before a host.
"""

import re
from functools import lru_cache
from urllib.parse import unquote_plus

MASK = "***"

_SECRET_WORDS = frozenset(
    {
        "token",
        "key",
        "secret",
        "password",
        "passwd",
        "pwd",
        "auth",
        "authorization",
        "signature",
        "sig",
        "jwt",
        "session",
        "sid",
    }
)
# A one-time code of a sign-in is called so and nothing else; as one word of several it is a postcode or a language.
_SECRET_NAME = "code"  # noqa: S105

_TOKEN = re.compile(r"""[^\s"'`<>(){}\\^]+""")
_AUTHORITY = re.compile(r"[^?#]*?://[^/?#]*")
_PASSWORD = re.compile(r"(://[^:]*:)(.+)(?=@)", re.DOTALL)
_POSITION = re.compile(r"(?::[0-9]+){1,2}\Z")
_SEPARATOR = re.compile(r"([&;?])")
_WORD = re.compile(r"[^\W_]+")


def mask(text: str) -> str:
    """The text with `***` in the place of each secret in a URL."""
    if "=" not in text and "@" not in text and "#" not in text:
        return text
    return _TOKEN.sub(lambda token: _mask_url(token.group()), text)


def _mask_url(token: str) -> str:
    if "=" not in token and "@" not in token:
        return token
    # A stack writes line and column behind a URL.
    position = _POSITION.search(token)
    end = position.start() if position else len(token)
    token, behind = token[:end], token[end:]
    found = _AUTHORITY.match(token)
    authority = found.group() if found else ""
    rest, hash_mark, fragment = token[len(authority) :].partition("#")
    path, question_mark, query = rest.partition("?")
    if not authority and not question_mark and not token.startswith(("/", ".", "?", "#")):
        return token + behind
    masked = _PASSWORD.sub(lambda secret: secret.group(1) + MASK, authority) + path
    if question_mark:
        masked += "?" + _mask_parameters(query)
    if hash_mark:
        masked += "#" + _mask_fragment(fragment)
    return masked + behind


def _mask_fragment(fragment: str) -> str:
    """One of parameters is masked whole; one that is a route may have a query."""
    route, question_mark, query = fragment.partition("?")
    if "=" in route:
        return MASK
    return route + question_mark + (_mask_parameters(query) if question_mark else "")


def _mask_parameters(query: str) -> str:
    # Some write a second question mark where an ampersand should be.
    parts = _SEPARATOR.split(query)
    for at in range(0, len(parts), 2):
        name, equals, value = parts[at].partition("=")
        if equals and value and is_secret(name):
            parts[at] = f"{name}={MASK}"
    return "".join(parts)


@lru_cache(maxsize=1024)
def is_secret(name: str) -> bool:
    """Whether a name (of a parameter, a member, a header) says that its value is for nobody else."""
    if "%" in name or "+" in name:
        name = unquote_plus(name, errors="replace")
    if name.lower() == _SECRET_NAME:
        return True
    return any(word.lower() in _SECRET_WORDS for part in _WORD.findall(name) for word in _words(part))


def _words(part: str) -> list[str]:
    """`accessToken`, `APIKey`: a word ends before a capital after a small letter or digit, and before the last of several."""
    words = []
    start = 0
    for at in range(1, len(part)):
        next_is_small = at + 1 < len(part) and part[at + 1].islower()
        if part[at].isupper() and (not part[at - 1].isupper() or next_is_small):
            words.append(part[start:at])
            start = at
    words.append(part[start:])
    return words
