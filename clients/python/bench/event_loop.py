"""What a request costs in the event loop: the application is called without a server, in turns with the bare one.

Measured is processor time, so that what else the machine does counts less: that of the loop's thread, and that of the whole
process, in which a sender's thread counts too. As a program it is one such process: it makes as many requests as it is told
on each line.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HEADERS = [
    (b"host", b"shop.example.com"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"),
    (b"accept", b"application/json"),
    (b"accept-encoding", b"gzip, deflate, br"),
]


async def serve(app: Any, count: int) -> tuple[float, float]:
    """Microseconds for one of them, of the loop and of the process."""

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_: Any) -> None:
        pass

    began = time.thread_time(), time.process_time()
    for _ in range(count):
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": "/items/7",
            "raw_path": b"/items/7",
            "query_string": b"",
            "root_path": "",
            "headers": HEADERS,
            "server": ("127.0.0.1", 8000),
            "client": ("127.0.0.1", 50000),
        }
        await app(scope, receive, send)
    return (time.thread_time() - began[0]) / count * 1e6, (time.process_time() - began[1]) / count * 1e6


class Worker:
    """A process with one variant."""

    def __init__(self, variant: str, env: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.event_loop"],
            env={**os.environ, **env, "BENCH_VARIANT": variant},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, count: int) -> tuple[float, float]:
        """Microseconds for a request, of so many: of the loop and of the process."""
        assert self.process.stdin is not None and self.process.stdout is not None  # noqa: S101
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        loop, process = self.process.stdout.readline().split()
        return float(loop), float(process)

    def memory_mb(self) -> float:
        """What is resident."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        (line,) = [line for line in status.splitlines() if line.startswith("VmRSS")]
        return int(line.split()[1]) / 1024

    def end(self) -> None:
        """Closes its input, which ends it."""
        assert self.process.stdin is not None  # noqa: S101
        self.process.stdin.close()
        self.process.wait(20)


@dataclass(frozen=True)
class Cost:
    """Medians of all rounds; what is added is compared with the bare application of the same round."""

    loop_us: float
    added_loop_us: float
    added_process_us: float
    memory_mb: float


def compare(variants: list[str], env: dict[str, str], rounds: int, count: int) -> dict[str, Cost]:
    """Each variant in turn, in a process of its own."""
    workers = {variant: Worker(variant, env) for variant in variants}
    try:
        for worker in workers.values():
            worker.ask(500)
        taken: dict[str, list[tuple[float, float]]] = {variant: [] for variant in variants}
        for number in range(rounds):
            # The other way round each time, so that nobody always comes after the same.
            for variant in variants if number % 2 == 0 else reversed(variants):
                taken[variant].append(workers[variant].ask(count))

        def added(variant: str, which: int) -> float:
            pairs = zip(taken[variant], taken["bare"], strict=True)
            return statistics.median(one[which] - bare[which] for one, bare in pairs)

        return {
            variant: Cost(
                statistics.median(loop for loop, _ in taken[variant]),
                added(variant, 0),
                added(variant, 1),
                workers[variant].memory_mb(),
            )
            for variant in variants
        }
    finally:
        for worker in workers.values():
            worker.end()


def main() -> None:
    """One process of a variant."""
    from .variants import app  # noqa: PLC0415 # made by the environment's word

    async def answer() -> None:
        for line in sys.stdin:
            print(*await serve(app, int(line)), flush=True)

    asyncio.run(answer())


if __name__ == "__main__":
    main()
