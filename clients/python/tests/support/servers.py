"""Real servers with an application, as processes of their own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from .services import API_KEY, Services, answers, free_port
from .wait import until

TESTS = Path(__file__).parent.parent
APPS = TESTS / "apps"
EXAMPLES = TESTS.parent / "examples"


def settings(services: Services, project: str, **more: str) -> dict[str, str]:
    """The environment that the applications read."""
    return {
        **os.environ,
        "ERROR_TRACKER_URL": services.tracker,
        "METRICS_COLLECTOR_URL": services.collector,
        "MONLIGHT_API_KEY": API_KEY,
        "MONLIGHT_PROJECT": project,
        "PYTHONUNBUFFERED": "1",
        **more,
    }


@contextmanager
def serving(
    command: Sequence[str], env: Mapping[str, str], folder: Path = APPS
) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Runs `python -m command` with `{port}` filled in, until the end of the block, and ends it by SIGTERM."""
    port = free_port()
    arguments = [sys.executable, "-m", *(part.replace("{port}", str(port)) for part in command)]
    # A group of its own, so that nothing of it is left when a test fails.
    process = subprocess.Popen(arguments, env=dict(env), cwd=folder, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    try:
        until(f"{command[0]} answers", lambda: process.poll() is not None or answers(f"{url}/ok"))
        assert process.poll() is None, f"{command[0]} ended with {process.returncode}"
        yield url, process
        stop(process)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Ends it as a supervisor does, and waits for all of it."""
    process.send_signal(signal.SIGTERM)
    process.wait(20)


def run_python(code: str, env: Mapping[str, str] | None = None, timeout: float = 30.0) -> "subprocess.CompletedProcess[str]":
    """A program, to its end."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env=dict(env if env is not None else os.environ),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        cwd=TESTS,
    )


def workers_of(process: "subprocess.Popen[bytes]", count: int) -> list[int]:
    """A server's workers, once all of them are there."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    # Multiprocessing has a helper of its own.
    workers = [int(one) for one in children if b"resource_tracker" not in _command_of(one)]
    return workers if len(workers) == count else []


def end_a_worker(process: "subprocess.Popen[bytes]", count: int) -> None:
    """Ends one by SIGTERM, and waits until another has taken its place."""
    worker = until("all workers are there", lambda: workers_of(process, count))[0]
    os.kill(worker, signal.SIGTERM)
    until("it has been replaced", lambda: (now := workers_of(process, count)) and worker not in now)


def _command_of(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
