"""Brings what a source has to a service: in order, each thing once, later when the service is away, and never too much.

An outlet is driven by the sender's thread, and by whoever flushes. Only one of them at a time is inside.
"""

import random
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from ._log import logger
from ._tally import Tally
from ._transport import Answer, Transport, Verdict

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
# A source hands over a window at a time, so this can be exceeded by one window.
MOST_WAITING_BYTES = 1 << 20

Waiter = Callable[[bool], None]


@dataclass
class Parcel:
    """What goes out as one request."""

    path: str
    body: bytes
    # How many points or reports it holds.
    items: int
    # Stays the same however often it is sent: a service that has it counts it once.
    key: str = field(default_factory=lambda: uuid.uuid4().hex)
    # One for each item, or none at all; told whether the first try has succeeded.
    waiters: list[Waiter | None] = field(default_factory=list)

    def tell(self, *, arrived: bool) -> None:
        """Answers those who wait for it."""
        waiters, self.waiters = self.waiters, []
        for waiter in waiters:
            if waiter is not None:
                waiter(arrived)


class Source(Protocol):
    """Where parcels come from."""

    # Whether what it has must be put into parcels though they cannot be sent, because it belongs to this moment.
    packs_while_away: bool

    def is_empty(self) -> bool:
        """Whether it has nothing to send."""

    def parcels(self) -> Iterable[Parcel]:
        """Takes out what it has, one after the other. A source that does not pack while away keeps what is not asked for."""

    def make_room(self) -> None:
        """Nothing is taken now: what cannot be kept is dropped and counted."""

    def split(self, parcel: Parcel, answer: Answer) -> list[Parcel]:
        """Smaller or simpler parcels with the same content, where that helps after this answer."""

    def note(self, parcel: Parcel, answer: Answer) -> None:
        """The parcel has arrived; the answer may say that parts of it are of no use."""

    def forget(self) -> None:
        """Drops everything: it belongs to another process."""


class Outlet:
    """The way from one source to one service."""

    def __init__(
        self,
        name: str,
        transport: Transport,
        source: Source,
        tally: Tally,
        interval: Callable[[], float],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._transport = transport
        self._source = source
        self._tally = tally
        self._interval = interval
        self._clock = clock
        self.after_fork()

    def after_fork(self) -> None:
        """Begins from nothing: what waits belongs to the parent, and whoever held the lock is not here."""
        self._inside = threading.Lock()
        self._waiting: deque[Parcel] = deque()
        self._waiting_bytes = 0
        self._failures = 0
        self._not_before = 0.0
        # The service has asked for it, so a flush waits too.
        self._asked_to_wait = False
        self._complaint = ""
        self._next_pack = self._clock() + self._interval()
        self._transport.after_fork()
        self._source.forget()
        self._tally.after_fork()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to send."""
        return not self._waiting and self._source.is_empty()

    @property
    def is_done(self) -> bool:
        """Whether nothing is left, and nothing is on its way either."""
        return not self.is_busy and self.is_empty

    @property
    def is_busy(self) -> bool:
        """Whether somebody is sending right now."""
        return self._inside.locked()

    @property
    def waiting_bytes(self) -> int:
        """What the parcels that could not be sent yet hold."""
        return self._waiting_bytes

    def due_at(self) -> float:
        """When it wants to be driven again."""
        return min(self._next_pack, self._not_before) if self._waiting else self._next_pack

    def hurry(self) -> None:
        """There is something that should not wait for the interval."""
        self._next_pack = 0.0

    def deliver(self, until: float, *, eager: bool = False) -> bool:
        """Sends what there is, as far as that is possible until then. Says whether nothing is left.

        `eager` packs and tries now, though it is not time, or the service has just been away.
        """
        patience = max(0.0, until - self._clock())
        if not self._inside.acquire(timeout=min(patience, threading.TIMEOUT_MAX)):
            return False
        try:
            if eager and self._asked_to_wait and self._not_before < until:
                time.sleep(max(0.0, self._not_before - self._clock()))
            self._deliver(until, eager=eager)
            return self.is_empty
        finally:
            self._inside.release()

    def _deliver(self, until: float, *, eager: bool) -> None:
        now = self._clock()
        may_send = now >= self._not_before or (eager and not self._asked_to_wait)
        had_waiting = bool(self._waiting)
        if may_send:
            may_send = self._send_waiting(until)
        is_back = had_waiting and may_send
        if not (eager or is_back or now >= self._next_pack):
            return
        self._next_pack = now + self._interval()
        if not may_send and (self._waiting_bytes >= MOST_WAITING_BYTES or not self._source.packs_while_away):
            self._source.make_room()
            return
        for parcel in self._source.parcels():
            self._waiting.append(parcel)
            self._waiting_bytes += len(parcel.body)
            may_send = may_send and self._send_waiting(until)
            if not may_send:
                parcel.tell(arrived=False)
                if not self._source.packs_while_away:
                    self._source.make_room()
                    return

    def _send_waiting(self, until: float) -> bool:
        """Sends in order until all is gone (true), the service does not take more, or the time is over."""
        while self._waiting:
            if self._clock() >= until:
                return False
            parcel = self._waiting[0]
            answer = self._transport.post(parcel.path, parcel.body, parcel.key, until)
            pieces: list[Parcel] = []
            if answer.verdict in (Verdict.TOO_LARGE, Verdict.NO_ROUTE):
                pieces = self._source.split(parcel, answer)
            if not pieces and answer.verdict in (Verdict.AGAIN, Verdict.NO_ROUTE):
                self._put_off(answer)
                parcel.tell(arrived=False)
                return False
            self._waiting.popleft()
            self._waiting_bytes -= len(parcel.body)
            if pieces:
                self._waiting.extendleft(reversed(pieces))
                self._waiting_bytes += sum(len(piece.body) for piece in pieces)
            else:
                self._finish(parcel, answer)
        return True

    def _finish(self, parcel: Parcel, answer: Answer) -> None:
        self._recovered()
        if answer.verdict is Verdict.DONE:
            self._source.note(parcel, answer)
        else:
            logger.warning("monlight: the %s refused what was sent: %s", self.name, answer.reason)
            self._tally.drop("refused", parcel.items)
        parcel.tell(arrived=answer.verdict is Verdict.DONE)

    def _put_off(self, answer: Answer) -> None:
        self._failures += 1
        self._tally.add("failed_tries")
        longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(self._failures - 1, 16))
        self._asked_to_wait = answer.retry_after_s is not None
        # Chance keeps many processes from coming back at the same moment.
        chosen = longest * random.uniform(0.5, 1.0)  # noqa: S311
        wait = chosen if answer.retry_after_s is None else answer.retry_after_s
        self._not_before = self._clock() + wait
        # Once for each thing that is wrong.
        say = logger.debug if answer.reason == self._complaint else logger.warning
        self._complaint = answer.reason
        say("monlight: the %s takes nothing now (%s); it is kept, next try in %.1f s", self.name, answer.reason, wait)

    def _recovered(self) -> None:
        if self._complaint:
            logger.warning("monlight: the %s takes data again", self.name)
        self._failures, self._not_before, self._asked_to_wait, self._complaint = 0, 0.0, False, ""

    def close(self) -> None:
        """Gives the connection back; the next request makes a new one."""
        if self._inside.acquire(timeout=1.0):
            try:
                self._transport.close()
            finally:
                self._inside.release()
