"""Counts what is lost when the workers of a server are ended by SIGTERM again and again, with real services behind it."""

import tempfile
import threading
from collections import Counter
from pathlib import Path

from tests.support.load import send
from tests.support.servers import end_a_worker, serving, settings
from tests.support.services import running_services

WORKERS = 4
RESTARTS = 8


def lost() -> tuple[int, int]:
    """Requests that were answered, and how many of them the collector or the tracker does not know."""
    batch = [("GET", f"/{'boom' if n % 10 == 0 else 'sync'}/{n}") for n in range(100)]
    answers: Counter[tuple[str, str, int]] = Counter()
    stop = threading.Event()
    with tempfile.TemporaryDirectory() as folder, running_services(Path(folder)) as services:
        command = ["uvicorn", "shop_fastapi:app", "--port", "{port}", "--workers", str(WORKERS), "--log-level", "critical"]
        with serving(command, settings(services, "bench")) as (url, process):

            def load() -> None:
                while not stop.is_set():
                    answers.update(send(url, batch))

            thread = threading.Thread(target=load)
            thread.start()
            for _ in range(RESTARTS):
                end_a_worker(process, WORKERS)
            stop.set()
            thread.join()
        answered: Counter[str] = Counter()
        for (_, path, status), count in answers.items():
            answered[path.split("/")[1]] += count if status else 0
        counted = services.requests("bench")
        missing = max(0, answered["sync"] - counted["GET", "/sync/{number}", "200"])
        missing += max(0, answered["boom"] - counted["GET", "/boom/{number}", "500"])
        missing += max(0, answered["boom"] - services.counts("bench")["ZeroDivisionError"])
        return sum(answered.values()), missing
