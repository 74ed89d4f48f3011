"""The error tracker and the metrics collector, each as a process of its own with an empty database."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from .wait import until

API_KEY = "a-key-for-the-tests"


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(url: str) -> bool:
    """Whether somebody answers there at all. Asks by HEAD, so that it can be told from the requests of tests."""
    try:
        httpx.head(url, timeout=2.0)
    except httpx.HTTPError:
        return False
    return True


@dataclass(frozen=True)
class Services:
    """Where they are, and what they know."""

    tracker: str
    collector: str

    def _ask(self, url: str, **params: object) -> Any:
        reply = httpx.get(url, params={k: str(v) for k, v in params.items()}, headers={"X-API-Key": API_KEY}, timeout=10.0)
        assert reply.status_code == 200, f"{url}: {reply.status_code} {reply.text}"
        return reply.json()

    def groups(self, project: str) -> list[dict[str, Any]]:
        """The project's groups of errors, the newest first."""
        found: list[dict[str, Any]] = self._ask(f"{self.tracker}/api/errors", project=project, limit=200)["errors"]
        return found

    def counts(self, project: str) -> dict[str, int]:
        """How often each type of exception was reported."""
        counts: dict[str, int] = {}
        for group in self.groups(project):
            counts[group["exception_type"]] = counts.get(group["exception_type"], 0) + group["count"]
        return counts

    def group(self, project: str) -> dict[str, Any]:
        """The only group of a project, in full."""
        groups = self.groups(project)
        assert len(groups) == 1, [group["exception_type"] for group in groups]
        detail: dict[str, Any] = self._ask(f"{self.tracker}/api/errors/{groups[0]['id']}")
        return detail

    def values(self, project: str, name: str, kind: str, *labels: str) -> dict[tuple[str, ...], tuple[int, float]]:
        """How many points a metric has and what they add up to, by the values of these labels."""
        # Without such a metric the collector knows nothing to group.
        known = self._ask(f"{self.collector}/api/metrics/names", project=project)["metrics"]
        if {"name": name, "type": kind} not in [{"name": one["name"], "type": one["type"]} for one in known]:
            return {}
        params = {"name": name, "type": kind, "period": "1h", "project": project}
        if not labels:
            reply = {"series": [{"labels": {}, "data": self._ask(f"{self.collector}/api/metrics", **params)["data"]}]}
        else:
            reply = self._ask(f"{self.collector}/api/metrics", **params, group_by=",".join(labels))
        return {
            tuple(series["labels"].get(label, "") for label in labels): (
                sum(bucket["count"] for bucket in series["data"]),
                sum(bucket["sum"] for bucket in series["data"]),
            )
            for series in reply["series"]
        }

    def requests(self, project: str) -> dict[tuple[str, ...], int]:
        """How many requests were counted, by method, endpoint and status, without those that asked whether somebody answers."""
        values = self.values(project, "http_requests_total", "counter", "method", "endpoint", "status")
        return {labels: round(total) for labels, (_, total) in values.items() if labels[0] != "HEAD"}

    def durations(self, project: str) -> dict[tuple[str, ...], int]:
        """How many durations were measured, of the same requests."""
        values = self.values(project, "http_request_duration_seconds", "histogram", "method", "endpoint", "status")
        return {labels: count for labels, (count, _) in values.items() if labels[0] != "HEAD"}


def _binary(variable: str) -> str:
    binary = os.environ.get(variable)
    assert binary, f"set {variable} to the binary to test"
    return binary


@contextmanager
def _running(variable: str, folder: Path) -> Iterator[str]:
    port = free_port()
    settings = {
        "PATH": os.environ["PATH"],
        "LISTEN": f"127.0.0.1:{port}",
        "DATABASE_PATH": str(folder / f"{variable}.db"),
        "API_KEY": API_KEY,
        "LOG_LEVEL": "error",
    }
    process = subprocess.Popen([_binary(variable)], env=settings)
    try:
        url = f"http://127.0.0.1:{port}"
        until(f"{variable} answers", lambda: process.poll() is not None or answers(f"{url}/health"))
        assert process.poll() is None, f"{variable} ended with {process.returncode}"
        yield url
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def running_services(folder: Path) -> Iterator[Services]:
    """Both, until the end of the block."""
    with _running("ERROR_TRACKER_BIN", folder) as tracker, _running("METRICS_COLLECTOR_BIN", folder) as collector:
        yield Services(tracker, collector)
