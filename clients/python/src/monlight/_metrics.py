"""The client for metrics."""

import inspect
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from os import getpid
from types import TracebackType
from typing import Any, TypeVar, cast

from ._aggregate import REQUESTS_AT_ONCE, Aggregate, InvalidPointError
from ._log import logger
from ._outlet import Outlet
from ._points import Points
from ._sender import Client, sender
from ._tally import Tally
from ._transport import Transport

_SHORTEST_INTERVAL_S = 0.05
_PROJECT_CHARS = 100

_Called = TypeVar("_Called", bound=Callable[..., Any])
Labels = Mapping[str, object]


class MetricsClient(Client):
    """Records counters, histograms and gauges, and sends them to the metrics collector in the background.

    Recording never waits, never throws, and may be done by any thread. What was recorded is summed up in the process and
    sent every `flush_interval` seconds, at the exit, and by `flush()`.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        project: str | None = None,
        flush_interval: float = 10.0,
        timeout: float = 5.0,
    ) -> None:
        self._tally = Tally("points")
        self._aggregate = Aggregate(self._tally, self._hurry)
        # The collector's rows are of minutes, so no window reaches over the end of one.
        self._add, self._ended = self._aggregate.add, self._aggregate.ended
        interval = max(_SHORTEST_INTERVAL_S, flush_interval)
        super().__init__(
            Outlet(
                "metrics collector",
                Transport(base_url, api_key, timeout),
                Points(self._aggregate, project[:_PROJECT_CHARS] if project else None, self._tally),
                self._tally,
                lambda: min(interval, 60.001 - time.time() % 60.0),
            )
        )

    def _hurry(self) -> None:
        self.outlet.hurry()
        sender.wake()

    def counter(self, name: str, labels: Labels | None = None, value: float = 1) -> None:
        """Adds to a counter. The value is an increment, not below zero."""
        try:
            if self._pid != getpid():
                self.start()
            self._add(name, labels, value)
        except Exception as error:  # a metric is no reason for the host to fail
            self._refuse(name, error)

    def histogram(self, name: str, value: float, labels: Labels | None = None) -> None:
        """Adds one value to a distribution: how long something took, how large it was."""
        try:
            if self._pid != getpid():
                self.start()
            self._aggregate.observe(name, labels, value)
        except Exception as error:  # as above
            self._refuse(name, error)

    def gauge(self, name: str, value: float, labels: Labels | None = None) -> None:
        """Sets a value that goes up and down; the last one before it is sent counts."""
        try:
            if self._pid != getpid():
                self.start()
            self._aggregate.set(name, labels, value)
        except Exception as error:  # as above
            self._refuse(name, error)

    def request(self, method: str, endpoint: str, status: int | str, seconds: float) -> None:
        """Counts an HTTP request in `http_requests_total` and `http_request_duration_seconds`. For integrations."""
        try:
            try:
                ended = self._ended[method, endpoint, status]
            except Exception:  # not there yet, or a status that cannot be looked up
                ended = self._aggregate.ended_of(method, endpoint, status)
            ended.append(seconds)
            if len(ended) >= REQUESTS_AT_ONCE or not self._pid:
                # A system call for each request would be felt.
                if self._pid != getpid():
                    self.start()
                self._aggregate.add_requests()
        except Exception as error:  # as above
            self._refuse("http_requests_total", error)

    def timer(self, name: str, labels: Labels | None = None) -> "Timer":
        """Measures seconds into a histogram: `with client.timer("job_seconds"):`, or as a decorator of (async) functions."""
        return Timer(self, name, labels)

    @property
    def stats(self) -> dict[str, int]:
        """How many points were `sent`, how many were `dropped`, and for which reasons."""
        return self._tally.read()

    def _refuse(self, name: object, error: Exception) -> None:
        reason = str(error) if isinstance(error, InvalidPointError) else "values_that_are_no_numbers"
        try:
            self._tally.drop(reason)
            logger.debug("monlight: a point of %r was not taken: %r", name, error)
        except Exception:  # noqa: S110 # a broken log handler of the host
            pass


class Timer:
    """One measurement; of a decorated function one for each call."""

    def __init__(self, client: MetricsClient, name: str, labels: Labels | None) -> None:
        self._client = client
        self._name = name
        self._labels = labels
        self._started: list[float] = []

    def __enter__(self) -> "Timer":
        self._started.append(time.perf_counter())
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None) -> None:
        self._client.histogram(self._name, time.perf_counter() - self._started.pop(), self._labels)

    def __call__(self, function: _Called) -> _Called:
        if inspect.iscoroutinefunction(function):
            call_async: Callable[..., Awaitable[Any]] = function

            @wraps(function)
            async def timed_async(*args: Any, **kwargs: Any) -> Any:
                with Timer(self._client, self._name, self._labels):
                    return await call_async(*args, **kwargs)

            return cast("_Called", timed_async)

        @wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            with Timer(self._client, self._name, self._labels):
                return function(*args, **kwargs)

        return cast("_Called", timed)
