"""Requests of a real server for each second of its processor, bare and watched in turns, with a client of many connections.

A server that is busy is limited by its processor; the second as the clock has it depends on what else the machine does. Two
processes of the same program differ by a percent or two, by where their memory happens to lie, so there are several of each.
The sender works every ten seconds, between turns as often as in them, and medians leave such turns out: what it costs is not in
here, and has to be added.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.support.services import answers, free_port
from tests.support.wait import until

CONNECTIONS = 16
REQUEST = b"GET /items/7 HTTP/1.1\r\nHost: shop.example.com\r\nAccept: */*\r\n\r\n"


@dataclass(frozen=True)
class Rates:
    """Requests for a second of the server's processor, without what the sender's thread takes."""

    bare: float
    watched: float


class Server:
    """uvicorn with one variant."""

    def __init__(self, variant: str, env: dict[str, str]) -> None:
        self.port = free_port()
        command = ["uvicorn", "bench.variants:app", "--port", str(self.port), "--no-access-log", "--log-level", "critical"]
        self.process = subprocess.Popen([sys.executable, "-m", *command], env={**os.environ, **env, "BENCH_VARIANT": variant})
        until("the server answers", lambda: answers(f"http://127.0.0.1:{self.port}/items/1"))

    async def measure(self, seconds: float) -> float:
        """Requests for a second of its processor."""
        before = self._processor_s()
        done = await self._load(seconds)
        return done / (self._processor_s() - before)

    async def _load(self, seconds: float) -> int:
        end = time.perf_counter() + seconds
        done = 0

        async def connection() -> None:
            nonlocal done
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            while time.perf_counter() < end:
                writer.write(REQUEST)
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                await reader.readexactly(length)
                done += 1
            writer.close()

        await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
        return done

    def _processor_s(self) -> float:
        """All threads of it, the sender's too."""
        tasks = Path(f"/proc/{self.process.pid}/task")
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e9

    def end(self) -> None:
        """As a supervisor does."""
        self.process.terminate()
        self.process.wait(20)


async def _compare(bare: Server, watched: Server, rounds: int, seconds: float) -> tuple[float, float]:
    """Requests for a second of the processor, and what those of the watched one are to those of the bare one."""
    pairs = []
    for number in range(rounds + 1):
        rates = {}
        # Short turns, and the other way round each time: the machine has other work, which comes and goes.
        for server in (bare, watched) if number % 2 == 0 else (watched, bare):
            rates[server] = await server.measure(seconds)
        pairs.append((rates[bare], rates[watched]))
    # The first one warms up.
    pairs = pairs[1:]
    return statistics.median(bare for bare, _ in pairs), statistics.median(watched / bare for bare, watched in pairs)


def compare(env: dict[str, str], processes: int, rounds: int, seconds: float) -> Rates:
    """The bare application and the watched one, so many processes of each; medians of turns, and then of processes."""
    compared = []
    for _ in range(processes):
        bare, watched = Server("bare", env), Server("monlight", env)
        try:
            compared.append(asyncio.run(_compare(bare, watched, rounds, seconds)))
        finally:
            bare.end()
            watched.end()
    rate = statistics.median(rate for rate, _ in compared)
    return Rates(rate, rate * statistics.median(ratio for _, ratio in compared))
