"""The trace that a request belongs to, by the W3C's header."""

import re

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


def trace_id_of(traceparent: str | None) -> str | None:
    """The trace's id in a `traceparent`, unless it is none."""
    found = _TRACEPARENT.match(traceparent) if traceparent else None
    return found.group(1) if found and found.group(1).strip("0") else None
