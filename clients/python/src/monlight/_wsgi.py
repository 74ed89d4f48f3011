"""Middleware for WSGI applications: requests are counted and timed to the end of the body, errors reported."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import Token
from time import perf_counter
from typing import Any

from . import _context
from ._endpoint import UNMATCHED
from ._errors import ErrorClient
from ._metrics import MetricsClient
from ._trace import trace_id_of

Environ = dict[str, Any]
# The route that a framework has found is left here for the label.
ENDPOINT = "monlight.endpoint"
_CLIENT_LEFT = "499"


class MonlightWSGIMiddleware:
    """Wraps a WSGI application. Frameworks that know routes have integrations of their own; here all share one label."""

    def __init__(
        self,
        app: Callable[..., Iterable[bytes]],
        error_client: ErrorClient | None = None,
        metrics_client: MetricsClient | None = None,
    ) -> None:
        self.app = app
        self._errors = error_client
        self._metrics = metrics_client

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serves one request."""
        exchange = _Exchange(environ, self._errors, self._metrics)

        def watching_start(status: str, headers: Any, exc_info: Any = None) -> Any:
            exchange.status = status[:3]
            # Servers take the third argument only when it is there.
            return start_response(status, headers) if exc_info is None else start_response(status, headers, exc_info)

        try:
            body = self.app(environ, watching_start)
        except Exception as exc:
            exchange.failed(exc)
            exchange.end("500")
            raise
        except BaseException:
            exchange.end(_CLIENT_LEFT)
            raise
        file_wrapper = environ.get("wsgi.file_wrapper")
        if isinstance(file_wrapper, type) and isinstance(body, file_wrapper):
            # Servers send such files without reading them, if nobody stands in between.
            exchange.end(_CLIENT_LEFT)
            return body
        return _Body(body, exchange)


class _Exchange:
    """One request and its answer."""

    def __init__(self, environ: Environ, errors: ErrorClient | None, metrics: MetricsClient | None) -> None:
        self.environ = environ
        self.status = ""
        self._errors = errors
        self._metrics = metrics
        self._started = perf_counter()
        self._token: Token[Any] | None = _context.begin(describe, environ)

    def failed(self, exc: Exception) -> None:
        if self._errors is not None:
            self._errors.capture(exc)

    def end(self, status_without_answer: str) -> None:
        """Counts the request, once."""
        if self._token is None:
            return
        _context.end(self._token)
        self._token = None
        if self._metrics is not None:
            self._metrics.request(
                self.environ.get("REQUEST_METHOD", ""),
                self.environ.get(ENDPOINT, UNMATCHED),
                self.status or status_without_answer,
                perf_counter() - self._started,
            )


class _Body:
    """The answer's body. What comes first ends the request: its last part, an error, or the server's `close`."""

    def __init__(self, body: Iterable[bytes], exchange: _Exchange) -> None:
        self._body = body
        self._parts = iter(body)
        self._exchange = exchange

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._parts)
        except StopIteration:
            self._exchange.end(_CLIENT_LEFT)
            raise
        except Exception as exc:
            self._exchange.failed(exc)
            self._exchange.end("500")
            raise

    def close(self) -> None:
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        except Exception as exc:
            self._exchange.failed(exc)
            raise
        finally:
            self._exchange.end(_CLIENT_LEFT)


def describe(environ: Environ) -> Mapping[str, Any]:
    """URL, method, headers and trace of a request."""
    headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
    headers.update(
        {name.replace("_", "-").lower(): environ[name] for name in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(name)}
    )
    host = headers.get("host") or f"{environ.get('SERVER_NAME', '')}:{environ.get('SERVER_PORT', '')}"
    path = _utf8(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""))
    query = environ.get("QUERY_STRING", "")
    return {
        "request_url": f"{environ.get('wsgi.url_scheme', 'http')}://{host}{path}{'?' + query if query else ''}",
        "request_method": environ.get("REQUEST_METHOD"),
        "request_headers": headers,
        "trace_id": trace_id_of(headers.get("traceparent")),
    }


def _utf8(text: str) -> str:
    """WSGI carries bytes in texts."""
    return text.encode("latin-1", "replace").decode("utf-8", "replace")
