"""For the tests of applications: what would be sent is kept instead.

```python
with captured() as sent:
    client.get("/boom")
assert sent.errors[0]["exception_type"] == "ZeroDivisionError"
assert sent.counter("http_requests_total", endpoint="/boom", status="500") == 1
```
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from . import _transport
from ._sender import sender
from ._transport import Answer, Verdict, unpack

__all__ = ["Sent", "captured"]


class Sent:
    """What all clients of the process have sent, up to the moment of asking."""

    def __init__(self) -> None:
        self._errors: list[dict[str, Any]] = []
        self._points: list[dict[str, Any]] = []

    def _take(self, path: str, body: bytes) -> Answer:
        content = json.loads(unpack(body))
        kept = self._points if path.endswith("/metrics") else self._errors
        kept.extend(content if isinstance(content, list) else [content])
        return Answer(Verdict.DONE, "captured")

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The reports, as the error tracker would get them."""
        sender.flush_all()
        return list(self._errors)

    @property
    def points(self) -> list[dict[str, Any]]:
        """The points, as the metrics collector would get them."""
        sender.flush_all()
        return list(self._points)

    def _values(self, name: str, kind: str, labels: dict[str, str]) -> list[float]:
        return [
            point["value"]
            for point in self.points
            if point["name"] == name and point["type"] == kind and labels.items() <= point.get("labels", {}).items()
        ]

    def counter(self, name: str, /, **labels: str) -> float:
        """What a counter has come to, over all series that have these labels."""
        return sum(self._values(name, "counter", labels))

    def histogram(self, name: str, /, **labels: str) -> list[float]:
        """The values of a histogram."""
        return self._values(name, "histogram", labels)

    def gauge(self, name: str, /, **labels: str) -> float | None:
        """The last value of a gauge, if it was set."""
        values = self._values(name, "gauge", labels)
        return values[-1] if values else None


@contextmanager
def captured() -> Iterator[Sent]:
    """Nothing leaves the process inside; what was recorded before goes out first, where it can."""
    sender.flush_all()
    sent = Sent()
    before, _transport.interceptor = _transport.interceptor, sent._take
    try:
        yield sent
        sender.flush_all()
    finally:
        _transport.interceptor = before
