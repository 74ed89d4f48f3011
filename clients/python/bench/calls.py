"""What single calls cost, and what is held in memory when nobody takes anything."""

import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from monlight import ErrorClient, MetricsClient
from tests.support.services import free_port


def _median_us(call: Callable[[], object], times: int, rounds: int = 15) -> float:
    taken = []
    for _ in range(rounds):
        began = time.thread_time()
        for _ in range(times):
            call()
        taken.append((time.thread_time() - began) / times * 1e6)
    return statistics.median(taken)


def recording_us(url: str) -> dict[str, float]:
    """Microseconds for one record."""
    client = MetricsClient(url, "key")
    labels = {"kind": "tea", "shop": "7"}
    taken = {
        "counter(), no labels": _median_us(lambda: client.counter("a"), 20_000),
        "counter(), two labels": _median_us(lambda: client.counter("a", labels), 20_000),
        "histogram(), two labels": _median_us(lambda: client.histogram("b", 0.5, labels), 1_000),
        "gauge(), two labels": _median_us(lambda: client.gauge("c", 7, labels), 5_000),
    }
    client.shutdown()
    return taken


def sending_us(url: str, requests: int = 10_000) -> float:
    """Microseconds to bring a request's count and duration on their way, which the sender's thread does for many at once."""
    client = MetricsClient(url, "key")
    # Nobody else sends.
    client.start = lambda: None  # type: ignore[method-assign]
    taken = []
    for _ in range(9):
        for number in range(requests):
            client.request("GET", "/items/{item}", 200, random.lognormvariate(-6, 1) + number * 1e-9)
        began = time.thread_time()
        client.flush()
        taken.append((time.thread_time() - began) / requests * 1e6)
    client.shutdown()
    return statistics.median(taken)


def capture_us(url: str, frames: int = 30) -> float:
    """Microseconds to note an exception with so many frames."""

    def nest(depth: int) -> None:
        if depth > 1:
            nest(depth - 1)
        else:
            raise KeyError("price")

    client = ErrorClient(url, "key")
    taken = []
    for _ in range(400):
        try:
            nest(frames - 1)
        except KeyError as error:
            began = time.thread_time()
            client.capture(error, {"url": "http://x/items/7", "method": "GET", "headers": {"accept": "*/*"}})
            taken.append((time.thread_time() - began) * 1e6)
        if len(taken) % 50 == 0:
            client.flush()
    client.shutdown()
    return statistics.median(taken)


def dead_hour_mb() -> float:
    """What a process grows by while the collector is away for an hour that passes in seconds, with 1 000 metrics a second."""
    return float(subprocess.run([sys.executable, "-m", "bench.calls"], capture_output=True, text=True, check=True).stdout)


def _resident_mb() -> float:
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


def _dead_hour() -> float:
    now = 1_000_000.0
    client = MetricsClient(f"http://127.0.0.1:{free_port()}", "key")
    # The clock is the test's, and so is the thread.
    client.start = lambda: None  # type: ignore[method-assign]
    client.outlet._clock = lambda: now
    client.outlet._next_pack = now
    labels = [{"endpoint": f"/{number}", "status": "200"} for number in range(50)]
    client.counter("warm")
    client.outlet.deliver(now, eager=True)
    before = most = _resident_mb()
    for second in range(3_600):
        now += 1.0
        for number in range(500):
            client.counter("http_requests_total", labels[number % 50])
            client.histogram("http_request_duration_seconds", (number + 0.123456) / 1_000 + second, labels[number % 50])
        if client.outlet.due_at() <= now:
            client.outlet.deliver(float("inf"))
        most = max(most, _resident_mb())
    client.outlet.after_fork()
    return most - before


if __name__ == "__main__":
    print(_dead_hour())
