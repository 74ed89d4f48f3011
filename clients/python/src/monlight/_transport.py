"""One request to a service of Monlight, and what its answer means for what was sent."""

import email.utils
import enum
import gzip
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from ._log import logger
from ._plain import text_of
from ._version import __version__

_MOST_ANSWER_BYTES = 1 << 20
_MOST_RETRY_AFTER_S = 3_600.0
_SMALL_BYTES = 1_024
_GZIP = b"\x1f\x8b"


class Verdict(enum.Enum):
    """What is to be done with what was sent."""

    DONE = "done"
    # Nobody knows whether it arrived, or it will be taken later.
    AGAIN = "again"
    # It will never be taken.
    REFUSED = "refused"
    TOO_LARGE = "too large"
    # An older service does not have this route.
    NO_ROUTE = "no such route"


_VERDICTS = {
    400: Verdict.REFUSED,
    413: Verdict.TOO_LARGE,
    422: Verdict.REFUSED,
    404: Verdict.NO_ROUTE,
    405: Verdict.NO_ROUTE,
}


@dataclass(frozen=True)
class Answer:
    """A service's answer."""

    verdict: Verdict
    # For people.
    reason: str
    retry_after_s: float | None = None
    body: Mapping[str, Any] = field(default_factory=dict)


def unpack(body: bytes) -> bytes:
    """What `pack` was given."""
    return gzip.decompress(body) if body.startswith(_GZIP) else body


def pack(body: bytes) -> bytes:
    """As a body is sent."""
    # The services' links are fast; the higher levels cost ten times as much.
    return gzip.compress(body, compresslevel=1) if len(body) > _SMALL_BYTES else body


# `monlight.testing` takes everything while it is set.
interceptor: Callable[[str, bytes], Answer] | None = None


class Transport:
    """The way to one service."""

    def __init__(self, base_url: str, api_key: str, timeout: float) -> None:
        self._base_url = text_of(base_url).rstrip("/")
        self._headers = {
            "Content-Type": "application/json",
            "X-API-Key": text_of(api_key),
            "User-Agent": f"monlight-python/{__version__}",
        }
        # A client that is set up wrongly must not break the host's start: all that it takes is refused and counted.
        self._fault = _fault(self._base_url, api_key)
        if self._fault:
            logger.warning("monlight: nothing is sent: %s", self._fault)
        self._timeout = timeout
        # httpx's client would log each request at info level, in the host's log, and follow redirects with the key.
        self._http: httpx.HTTPTransport | None = None

    def post(self, path: str, body: bytes, key: str, until: float) -> Answer:
        """Sends a body as `pack` made it. `key` stays the same when it is sent again; `until` is a monotonic time."""
        if interceptor is not None:
            return interceptor(path, body)
        if self._fault:
            return Answer(Verdict.REFUSED, self._fault)
        headers = {**self._headers, "Idempotency-Key": key}
        if body.startswith(_GZIP):
            headers["Content-Encoding"] = "gzip"
        answer = self._try(path, headers, body, until)
        if answer is None:
            # The service may have closed a connection that had been idle; a second try opens a new one.
            answer = self._try(path, headers, body, until)
        return answer or Answer(Verdict.AGAIN, "the connection broke")

    def _try(self, path: str, headers: Mapping[str, str], body: bytes, until: float) -> Answer | None:
        seconds = max(0.01, min(self._timeout, until - time.monotonic()))
        extensions = {"timeout": httpx.Timeout(seconds).as_dict()}
        request = httpx.Request("POST", self._base_url + path, headers=headers, content=body, extensions=extensions)
        try:
            if self._http is None:
                # Certificates take megabytes and milliseconds to read, and http:// has no use for them.
                self._http = httpx.HTTPTransport(verify=self._base_url.startswith("https:"))
            response = self._http.handle_request(request)
            try:
                return _read(response, _body(response, time.monotonic() + seconds))
            finally:
                response.close()
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            return None
        except Exception as error:  # whatever it is, the data waits
            return Answer(Verdict.AGAIN, f"{type(error).__name__}: {error}")

    def close(self) -> None:
        """Gives the connection back; the next request makes a new one."""
        http, self._http = self._http, None
        if http is not None:
            http.close()

    def after_fork(self) -> None:
        """The connection belongs to the parent, and is not to be said goodbye to here."""
        self._http = None


def _fault(base_url: str, api_key: object) -> str:
    """What is wrong with the settings; nothing of the key."""
    try:
        url = httpx.URL(base_url)
    except Exception as error:  # whatever was given
        return f"the URL cannot be read: {error}"
    if url.scheme not in ("http", "https") or not url.host:
        return "the URL must begin with http:// or https:// and name a host"
    if not isinstance(api_key, str) or not api_key.strip() or not api_key.isascii() or not api_key.isprintable():
        return "the API key must be a text of printable ASCII characters"
    return ""


def _body(response: httpx.Response, until: float) -> bytes:
    body = b""
    for chunk in response.iter_bytes():
        body += chunk
        # The status is what counts; an answer without end is not waited for.
        if len(body) > _MOST_ANSWER_BYTES or time.monotonic() > until:
            break
    return body


def _read(response: httpx.Response, body: bytes) -> Answer:
    try:
        read = json.loads(body)
        members = read if isinstance(read, dict) else {}
    except ValueError:
        members = {}
    status = response.status_code
    reason = f"{status} {members.get('detail', '')}".strip()
    if 200 <= status < 300:  # noqa: PLR2004
        return Answer(Verdict.DONE, reason, body=members)
    retry_after_s = _retry_after(response.headers.get("Retry-After"), time.time())
    return Answer(_VERDICTS.get(status, Verdict.AGAIN), reason, retry_after_s, members)


def _retry_after(text: str | None, now: float) -> float | None:
    """Seconds from now; the header has seconds or a date."""
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(text).timestamp() - now
        except (ValueError, TypeError):
            return None
    # Whoever asks for a day may have meant it, but a restart is more likely.
    return min(seconds, _MOST_RETRY_AFTER_S) if seconds >= 0 else 0.0
