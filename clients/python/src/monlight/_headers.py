"""What of a request's headers may be reported."""

from collections.abc import Iterable, Mapping

from ._mask import MASK, is_secret, mask
from ._plain import cut, text_of

# They prove who somebody is. Always removed.
_REMOVED = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
        "x-api-key",
        "x-csrf-token",
        "x-auth-token",
    }
)
_MOST_HEADERS = 60
_VALUE_CHARS = 1_000


def excluded(names: Iterable[str] | None) -> frozenset[str]:
    """The names that are removed: the usual ones and these."""
    return _REMOVED | {text_of(name).lower() for name in names or ()}


def scrub_headers(headers: Mapping[object, object], removed: frozenset[str]) -> dict[str, str]:
    """Without those that are removed, and without secrets in the others."""
    kept: dict[str, str] = {}
    for given, value in headers.items():
        name = _text(given)
        plain_name = name.lower().replace("_", "-")
        if plain_name in removed or name.lower() in removed or len(kept) >= _MOST_HEADERS:
            continue
        kept[cut(name, 200)] = MASK if is_secret(name) else mask(cut(_text(value), _VALUE_CHARS))
    return kept


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else text_of(value)
