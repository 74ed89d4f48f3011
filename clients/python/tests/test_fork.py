"""Forked children begin with nothing of their parent, and send by themselves."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .support.fake_service import FakeService
from .support.servers import TESTS, run_python
from .support.wait import until

PREAMBLE = """
import os, sys, threading, time, signal
import monlight
client = monlight.MetricsClient(os.environ["URL"], "key", flush_interval=3600)
errors = monlight.ErrorClient(os.environ["URL"], "key")

def wait(child):
    _, status = os.waitpid(child, 0)
    assert status == 0, status

def in_child(work):
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        work()
        sys.exit(0)  # with exit handlers, as servers end their workers
    wait(child)
"""


def run(service: FakeService, code: str) -> dict[str, float]:
    """What was counted, by name, after the program and all its children have ended."""
    done = run_python(PREAMBLE + code, {**os.environ, "URL": service.url, "PYTHONWARNINGS": "ignore::DeprecationWarning"})
    assert done.returncode == 0, done.stderr
    totals: dict[str, float] = {}
    for item in service.items:
        name = item.get("name", "report")
        totals[name] = totals.get(name, 0) + item.get("value", 1)
    return totals


def test_what_the_parent_has_is_sent_by_the_parent_alone(service: FakeService) -> None:
    assert run(service, """
client.counter("parent", value=5)
in_child(lambda: client.counter("child", value=7))
in_child(lambda: client.counter("child", value=7))
""") == {"parent": 5, "child": 14}  # fmt: skip


def test_a_fork_while_the_lock_is_held_does_not_hang_the_child(service: FakeService) -> None:
    assert run(service, """
client.counter("parent")
held, leave = threading.Event(), threading.Event()

def hold():
    with client._aggregate.lock, errors._reports._lock, client._tally._lock, client.outlet._inside:
        held.set()
        leave.wait()

threading.Thread(target=hold).start()
held.wait()

def child():
    client.counter("child")
    errors.capture(ValueError("x"))
    assert client.flush() and errors.flush()
    os._exit(0)

in_child(child)
leave.set()
""") == {"parent": 1, "child": 1, "report": 1}  # fmt: skip


def test_forks_while_others_record_lose_nothing(service: FakeService) -> None:
    totals = run(service, """
sys.setswitchinterval(1e-4)
stop = threading.Event()
recorded = 0

def record():
    global recorded
    while not stop.is_set():
        client.counter("parent")
        recorded += 1

thread = threading.Thread(target=record)
thread.start()
for _ in range(10):
    in_child(lambda: client.counter("child"))
stop.set()
thread.join()
client.gauge("recorded", recorded)
""")  # fmt: skip

    assert totals["recorded"] > 0
    assert totals == {"parent": totals["recorded"], "recorded": totals["recorded"], "child": 10}


def test_a_child_of_multiprocessing_sends_what_it_has_when_it_ends(service: FakeService) -> None:
    assert run(service, """
import multiprocessing
context = multiprocessing.get_context("fork")
children = [context.Process(target=client.counter, args=("child", None, 3)) for _ in range(3)]
for child in children:
    child.start()
for child in children:
    child.join()
    assert child.exitcode == 0
""") == {"child": 9}  # fmt: skip


def test_the_thread_starts_in_the_child_though_it_ran_in_the_parent(service: FakeService) -> None:
    assert run(service, """
client.counter("parent")
assert client.flush()

def child():
    client.counter("child")
    names = [thread.name for thread in threading.enumerate()]
    assert names.count("monlight-sender") == 1, names

in_child(child)
""") == {"parent": 1, "child": 1}  # fmt: skip


def test_a_process_that_python_did_not_see_forking_is_noticed(service: FakeService) -> None:
    assert run(service, """
client.counter("parent")
# As after a fork in C code that tells Python nothing: another process, with the state of the parent.
client._pid += 1
client.counter("child")
""") == {"child": 1}  # fmt: skip


@pytest.mark.parametrize("full", [False, True])
def test_what_is_queued_arrives_when_the_interpreter_exits(service: FakeService, full: bool) -> None:
    count = 50_000 if full else 10
    totals = run(service, f"""
for number in range({count}):
    client.histogram("seconds", number)
    client.counter("orders")
for number in range({count // 100}):
    errors.capture(ValueError(number))
""")  # fmt: skip

    assert totals["orders"] == count
    assert totals["seconds"] == sum(range(count))
    assert totals.get("report", 0) == count // 100


def test_an_exit_with_a_full_queue_and_nobody_there_takes_two_seconds_at_most(service: FakeService) -> None:
    done = run_python("""
import os, time, atexit, sys
begun = 0.0
atexit.register(lambda: print(time.monotonic() - begun))
import monlight, socket
listening = socket.create_server(("127.0.0.1", 0))  # accepts, and never answers
url = f"http://127.0.0.1:{listening.getsockname()[1]}"
client = monlight.MetricsClient(url, "key")
errors = monlight.ErrorClient(url, "key")
for number in range(10_000):
    client.histogram("seconds", number)
    errors.capture(ValueError(number))
begun = time.monotonic()
""")  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 3.0
    assert "Traceback" not in done.stderr


def test_a_tracker_that_hangs_does_not_take_the_collectors_chance_at_the_exit(service: FakeService) -> None:
    assert run(service, """
import socket
listening = socket.create_server(("127.0.0.1", 0))
hanging = monlight.ErrorClient(f"http://127.0.0.1:{listening.getsockname()[1]}", "key")
hanging.capture(ValueError("x"))
connection, _ = listening.accept()
client.counter("orders")
""") == {"orders": 1}  # fmt: skip


def test_sigterm_ends_a_plain_program_with_all_sent(service: FakeService, tmp_path: Path) -> None:
    code = """
from monlight.integrations.process import install_hooks
install_hooks(errors)
client.counter("orders", value=3)
errors.capture(ValueError("x"))
open(sys.argv[1], "w").close()
time.sleep(60)
"""
    ready = tmp_path / "ready"
    process = subprocess.Popen(
        [sys.executable, "-c", PREAMBLE + code, str(ready)], env={**os.environ, "URL": service.url}, cwd=TESTS
    )
    until("it has begun", ready.exists)
    process.terminate()

    assert process.wait(10) == 143
    assert [point["value"] for point in service.points] == [3]
    assert [report["message"] for report in service.reports] == ["x"]


def test_importing_starts_nothing_and_brings_no_framework() -> None:
    done = run_python("""
import json, sys, threading
before = set(sys.modules)
import monlight, monlight.testing
import monlight.integrations.fastapi, monlight.integrations.asgi, monlight.integrations.wsgi
import monlight.integrations.logging, monlight.integrations.process
frameworks = {"fastapi", "starlette", "flask", "django", "celery", "werkzeug", "asgiref", "multiprocessing"}
client = monlight.MetricsClient("http://127.0.0.1:9", "key")
monlight.ErrorClient("http://127.0.0.1:9", "key")
loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
print(json.dumps([sorted(loaded & frameworks), threading.active_count()]))
""")  # fmt: skip

    assert json.loads(done.stdout) == [[], 1], done.stderr
