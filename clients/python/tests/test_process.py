"""What nobody catches: in the main program, in threads, in event loops."""

import asyncio
import os
import signal
import sys
import threading
from typing import Any

import pytest

from monlight import ErrorClient
from monlight.integrations.process import install_hooks, watch_event_loop
from monlight.testing import Sent

from .support.fake_service import FakeService
from .support.servers import run_python


@pytest.fixture
def client() -> ErrorClient:
    return ErrorClient("http://127.0.0.1:9", "key")


def test_what_ends_the_program_is_reported_and_printed_as_ever(service: FakeService) -> None:
    done = run_python(
        "import os, monlight\n"
        "from monlight.integrations.process import install_hooks\n"
        "install_hooks(monlight.ErrorClient(os.environ['URL'], 'key'))\n"
        "raise LookupError('at the top')\n",
        {**os.environ, "URL": service.url},
    )

    assert done.returncode == 1
    assert done.stderr.endswith("LookupError: at the top\n")
    (report,) = service.reports
    assert (report["exception_type"], report["level"]) == ("LookupError", "fatal")


@pytest.mark.parametrize(("ending", "code"), [("raise SystemExit(3)", 3), ("raise KeyboardInterrupt", -signal.SIGINT)])
def test_an_ending_on_purpose_is_no_error(service: FakeService, ending: str, code: int) -> None:
    done = run_python(
        "import os, monlight\n"
        "from monlight.integrations.process import install_hooks\n"
        f"install_hooks(monlight.ErrorClient(os.environ['URL'], 'key'))\n{ending}\n",
        {**os.environ, "URL": service.url},
    )

    assert done.returncode == code, done.stderr
    assert service.reports == []


def test_what_ends_a_thread_is_reported_and_the_hook_before_still_runs(sent: Sent, client: ErrorClient) -> None:
    before: list[threading.ExceptHookArgs] = []
    original, threading.excepthook = threading.excepthook, before.append
    uninstall = install_hooks(client, sigterm=False)
    try:
        for ending in (KeyError("in a thread"), SystemExit(0)):

            def end(ending: BaseException = ending) -> None:
                raise ending

            thread = threading.Thread(target=end, name="worker-7")
            thread.start()
            thread.join()
    finally:
        uninstall()
        assert threading.excepthook == before.append
        threading.excepthook = original

    (report,) = sent.errors
    assert (report["exception_type"], report["extra"]["thread"]) == ("KeyError", "worker-7")
    assert [args.exc_type for args in before] == [KeyError, SystemExit]


def test_hooks_that_somebody_put_around_ours_stay(client: ErrorClient) -> None:
    original = sys.excepthook
    uninstall = install_hooks(client, sigterm=False)
    ours = sys.excepthook

    def around(*args: Any) -> None:
        ours(*args)

    sys.excepthook = around
    uninstall()
    kept, sys.excepthook = sys.excepthook, original

    assert kept is around


def test_a_task_that_nobody_awaits_is_reported(sent: Sent, client: ErrorClient) -> None:
    seen: list[dict[str, Any]] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: seen.append(context))
        undo = watch_event_loop(client)

        async def fail() -> None:
            raise BufferError("in a task")

        task = asyncio.create_task(fail(), name="job-7")
        await asyncio.wait([task])
        del task
        loop.call_soon(lambda: 1 // 0)
        await asyncio.sleep(0.01)
        undo()

    asyncio.run(main())

    assert sorted(report["exception_type"] for report in sent.errors) == ["BufferError", "ZeroDivisionError"]
    assert len(seen) == 2, "who was told before is told still"


def test_a_handler_for_sigterm_that_is_there_stays(client: ErrorClient) -> None:
    def mine(*_: object) -> None:
        """The application's."""

    before = signal.signal(signal.SIGTERM, mine)
    try:
        install_hooks(client)()
        assert signal.getsignal(signal.SIGTERM) is mine
    finally:
        signal.signal(signal.SIGTERM, before)
