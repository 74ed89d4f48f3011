"""Celery: tasks are counted and timed, and those that fail are reported."""

from collections.abc import Mapping
from contextvars import Token
from time import perf_counter
from typing import Any

from celery import signals

from .. import _context
from .._log import logger
from .._setup import Clients, make_clients

__all__ = ["setup_monlight"]


def setup_monlight(
    app: Any,
    *,
    error_tracker_url: str | None = None,
    metrics_collector_url: str | None = None,
    api_key: str,
    error_tracker_api_key: str | None = None,
    metrics_collector_api_key: str | None = None,
    project: str = "default",
    environment: str | None = None,
    release: str | None = None,
    flush_interval: float = 10.0,
) -> Clients:
    """Reports the application's failed tasks and counts them all, in `celery_tasks_total` and `celery_task_duration_seconds`.

    A URL of None leaves that half out.
    """
    known: Clients | None = getattr(app, "monlight", None)
    if known is not None:
        logger.warning("monlight: this application is set up already")
        return known
    clients = make_clients(
        error_tracker_url=error_tracker_url,
        metrics_collector_url=metrics_collector_url,
        api_key=api_key,
        error_tracker_api_key=error_tracker_api_key,
        metrics_collector_api_key=metrics_collector_api_key,
        project=project,
        environment=environment,
        release=release,
        flush_interval=flush_interval,
    )
    app.monlight = clients
    watch = _Watch(app, clients)
    signals.task_prerun.connect(watch.begin, weak=False)
    signals.task_failure.connect(watch.report, weak=False)
    signals.task_postrun.connect(watch.end, weak=False)
    # Children of the pool end without exit handlers.
    signals.worker_process_shutdown.connect(watch.flush, weak=False)
    signals.worker_shutdown.connect(watch.flush, weak=False)
    return clients


class _Watch:
    def __init__(self, app: Any, clients: Clients) -> None:
        self._app = app
        self._errors = clients["error_client"]
        self._metrics = clients["metrics_client"]
        # By the task's id: tasks may call one another in one process.
        self._running: dict[str, tuple[float, Token[Any]]] = {}

    def begin(self, task_id: str, task: Any, **_: Any) -> None:
        if task.app is self._app:
            self._running[task_id] = perf_counter(), _context.begin(_describe, task)

    def report(self, sender: Any, exception: BaseException, **_: Any) -> None:
        if sender.app is self._app and self._errors is not None and isinstance(exception, Exception):
            self._errors.capture(exception)

    def end(self, task_id: str, task: Any, state: str | None = None, **_: Any) -> None:
        begun = self._running.pop(task_id, None)
        if begun is None:
            return
        started, token = begun
        _context.end(token)
        if self._metrics is not None:
            name = {"task": task.name}
            self._metrics.counter("celery_tasks_total", {**name, "state": (state or "unknown").lower()})
            self._metrics.histogram("celery_task_duration_seconds", perf_counter() - started, name)

    def flush(self, **_: Any) -> None:
        for client in (self._errors, self._metrics):
            if client is not None:
                client.flush(2.0)


def _describe(task: Any) -> Mapping[str, Any]:
    request = task.request
    queue = (request.delivery_info or {}).get("routing_key")
    # Arguments may be anything, and are nobody's business.
    return {"celery": {"task": task.name, "id": request.id, "retries": request.retries, "queue": queue}}
