"""Prints each figure beside its goal, and the same application under others: `python -m bench [--quick]`."""

import os
import platform
import statistics
import sys
from importlib.metadata import version

from tests.support.fake_service import fake_service

from . import calls, event_loop, restarts, throughput
from .variants import VARIANTS


def row(*cells: object) -> None:
    """One line of a table."""
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def goal(figure: str, measured: str, reference: str, limit: str, *, reached: bool) -> None:
    """A figure beside its goal."""
    row(figure, measured, reference, limit, "yes" if reached else "no")


def main() -> None:
    """Everything, in a minute or two; half of the rounds with `--quick`."""
    scale = 1 if "--quick" in sys.argv else 2
    print(f"Python {platform.python_version()}, {os.cpu_count()} processors, monlight {version('monlight')}\n", flush=True)
    with fake_service() as sink:
        env = {"SINK_URL": sink.url}
        compared = event_loop.compare(list(VARIANTS), env, rounds=7 * scale, count=500)
        # A process is some microseconds faster or slower than another for all its life, by where its memory lies.
        pairs = [event_loop.compare(["bare", "monlight"], env, rounds=3 * scale, count=2_000) for _ in range(5)]
        rates = throughput.compare(env, processes=5 * scale, rounds=8, seconds=0.25)
        sending = calls.sending_us(sink.url)
        recorded = calls.recording_us(sink.url)
        captured = calls.capture_us(sink.url)
    row("Figure", "Measured", "Beside", "Goal", "Reached")
    row("---", "---", "---", "---", "---")
    bare = statistics.median(pair["bare"].loop_us for pair in pairs)
    added = statistics.median(pair["monlight"].added_loop_us for pair in pairs)
    goal("added to a request in the event loop", f"{added:.1f} µs", f"{bare:.1f} µs bare", "<= 5 µs", reached=added <= 5.0)
    row("in the sender's thread, for each request", f"{sending:.1f} µs", "", "", "")
    with_sender = 1e6 / (1e6 / rates.watched + sending)
    ratio = with_sender / rates.bare
    what = "requests, uvicorn, for a second of its processor"
    beside = f"{rates.bare:.0f} bare (ratio {ratio:.3f}; {rates.watched / rates.bare:.3f} without the sender)"
    goal(what, f"{with_sender:.0f}", beside, ">= 0.97 x", reached=ratio >= 0.97)
    for name, taken in recorded.items():
        limit = 1.5 if name.startswith("counter") else None
        if limit is None:
            row(name, f"{taken:.2f} µs", "", "", "")
        else:
            goal(name, f"{taken:.2f} µs", "", f"<= {limit} µs", reached=taken <= limit)
    goal("capture(), 30 frames", f"{captured:.0f} µs", "", "<= 200 µs", reached=captured <= 200.0)
    grown = calls.dead_hour_mb()
    goal("memory, an hour without a collector, 1 000 metrics/s", f"{grown:.1f} MB", "", "< 5 MB", reached=grown < 5.0)
    if os.environ.get("ERROR_TRACKER_BIN"):
        answered, missing = restarts.lost()
        what = f"{restarts.WORKERS} workers, {restarts.RESTARTS} restarts"
        goal(f"lost of {answered} requests, {what}", str(missing), "", "0", reached=missing == 0)
    print("\nThe same application under others:\n")
    row("Watched by", "µs a request", "added", "with its threads", "memory")
    row("---", "---", "---", "---", "---")
    for name, cost in compared.items():
        more = ("", "") if name == "bare" else (f"{cost.added_loop_us:+.1f}", f"{cost.added_process_us:+.1f}")
        row(_named(name), f"{cost.loop_us:.0f}", *more, f"{cost.memory_mb:.0f} MB")


def _named(variant: str) -> str:
    package = {"OpenTelemetry": "opentelemetry-sdk"}.get(variant.split(",", maxsplit=1)[0], variant.split(",", maxsplit=1)[0])
    return variant if variant == "bare" else f"{variant} ({version(package)})"


if __name__ == "__main__":
    main()
