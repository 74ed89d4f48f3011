"""The one thread of a process that sends, and what ends it: exits, forks, and nothing left to do.

It starts with the first thing that is recorded, never at import: a thread that a server's master starts does not exist in
the workers it forks.
"""

import atexit
import contextlib
import os
import queue
import sys
import threading
import time
import weakref
from typing import Any

from ._log import logger
from ._outlet import Outlet

EXIT_DEADLINE_S = 2.0

_busy_here = threading.local()


def is_sender() -> bool:
    """Whether this very thread is sending: what it logs must not become a report."""
    return getattr(_busy_here, "sending", False)


class _Sender:
    def __init__(self) -> None:
        # All that exist, so that a fork reaches those that rest as well.
        self._all: weakref.WeakSet[Client] = weakref.WeakSet()
        self._at_exit_of = 0
        atexit.register(self.flush_at_exit)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.after_fork)
        self._reset()

    def _reset(self) -> None:
        self._lock = threading.RLock()
        # Waking must be possible from signal handlers and finalizers, which an Event does not promise.
        self._wakes: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._watched: dict[Client, None] = {}
        self._thread: threading.Thread | None = None

    def after_fork(self) -> None:
        self._reset()
        _busy_here.sending = False
        for client in list(self._all):
            client.after_fork()

    def know(self, client: "Client") -> None:
        self._all.add(client)

    def watch(self, client: "Client") -> None:
        """Drives the client's outlet from now on."""
        with self._lock:
            self._watched[client] = None
            if self._thread is None or not self._thread.is_alive():
                self._start()
        self.wake()

    def leave(self, client: "Client") -> None:
        with self._lock:
            self._watched.pop(client, None)
        self.wake()

    def wake(self) -> None:
        if self._wakes.empty():
            self._wakes.put(None)

    def _start(self) -> None:
        self._register_in_child()
        thread = threading.Thread(target=self._run, name="monlight-sender", daemon=True)
        try:
            thread.start()
            self._thread = thread
        except RuntimeError as error:
            # The interpreter is about to end; what waits is sent at the exit.
            logger.debug("monlight: no thread can be started: %s", error)

    def _register_in_child(self) -> None:
        """Forked children of multiprocessing and billiard end without `atexit`, but call their own finalizers."""
        if self._at_exit_of == os.getpid():
            return
        self._at_exit_of = os.getpid()
        for name in ("multiprocessing.util", "billiard.util"):
            util: Any = sys.modules.get(name)
            if util is not None:
                util.Finalize(None, self.flush_at_exit, exitpriority=0)

    def _run(self) -> None:
        _busy_here.sending = True
        wakes = self._wakes
        while True:
            with self._lock:
                clients = list(self._watched)
                if not clients:
                    self._thread = None
                    return
            now = time.monotonic()
            due = min(client.outlet.due_at() for client in clients)
            if due > now:
                with contextlib.suppress(queue.Empty):
                    wakes.get(timeout=min(due - now, threading.TIMEOUT_MAX))
            for client in clients:
                if client.outlet.due_at() <= time.monotonic():
                    _drive(client, float("inf"), eager=False)

    def flush_all(self) -> None:
        """Sends what all clients have."""
        for client in list(self._all):
            client.flush()

    def flush_at_exit(self) -> None:
        """Sends what is left, for two seconds at most. Each outlet gets its chance: first those that nobody is inside of."""
        until = time.monotonic() + EXIT_DEADLINE_S
        was_sending, _busy_here.sending = is_sender(), True
        try:
            for client in sorted(self._all, key=lambda client: client.outlet.is_busy):
                if not client.outlet.is_done and not _drive(client, until, eager=True):
                    logger.warning("monlight: the %s did not get all before the exit", client.outlet.name)
        finally:
            _busy_here.sending = was_sending


def _drive(client: "Client", until: float, *, eager: bool) -> bool:
    try:
        return client.outlet.deliver(until, eager=eager)
    except Exception:
        logger.exception("monlight: a fault in the SDK; it goes on")
        # Whatever it is, it must not become a loop that costs all of a processor.
        time.sleep(0.1)
        return False


class Client:
    """What both clients have in common: an outlet that the sender drives from the first record on."""

    def __init__(self, outlet: Outlet) -> None:
        self.outlet = outlet
        # The process whose sender drives it. Another number means a fork that Python has not been told of.
        self._pid = 0
        sender.know(self)

    def start(self) -> None:
        """Starts sending in the background. The first record does it as well."""
        pid = os.getpid()
        if self._pid not in (0, pid):
            sender.after_fork()
        self._pid = pid
        sender.watch(self)

    def after_fork(self) -> None:
        """Begins from nothing in a forked child."""
        self._pid = 0
        self.outlet.after_fork()

    def flush(self, timeout: float = 5.0) -> bool:
        """Sends all that is there now, and says whether it has arrived. Blocks for `timeout` seconds at most."""
        was_sending, _busy_here.sending = is_sender(), True
        try:
            return self.outlet.is_done or _drive(self, time.monotonic() + timeout, eager=True)
        finally:
            _busy_here.sending = was_sending

    def shutdown(self, timeout: float = EXIT_DEADLINE_S) -> bool:
        """Flushes and rests. What is recorded later starts it again."""
        arrived = self.flush(timeout)
        if arrived:
            sender.leave(self)
            self._pid = 0
            self.outlet.close()
            if not self.outlet.is_empty:
                # Recorded meanwhile by somebody who still saw it running.
                self.start()
        return arrived


sender = _Sender()
