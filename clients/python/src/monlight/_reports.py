"""The queue of reports that wait for the sender's thread, and how they go to the tracker: one alone, or many at once."""

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator

from ._log import logger
from ._outlet import Parcel, Waiter
from ._report import MOST_BYTES, Pending, Writer
from ._tally import Tally
from ._transport import Answer, Verdict, pack, unpack

MOST_PENDING = 1_000
MOST_PENDING_BYTES = 2_000_000
_MOST_IN_BATCH = 100
_ONE = "/api/errors"
_MANY = "/api/errors/batch"

Entry = tuple[bytes, Waiter | None]


class Reports:
    """The source of what an error client sends."""

    # They carry their own time, and can wait as they are.
    packs_while_away = False

    def __init__(self, writer: Writer, tally: Tally) -> None:
        self._writer = writer
        self._tally = tally
        self.forget()

    def forget(self) -> None:
        """Begins from nothing."""
        self._lock = threading.RLock()
        self._pending: deque[Pending] = deque()
        self._pending_bytes = 0
        # Written, but too large for the parcel that was full.
        self._spare: Entry | None = None

    def put(self, pending: Pending) -> bool:
        """Whether there was room for it."""
        size = pending.size
        with self._lock:
            has_room = len(self._pending) < MOST_PENDING and self._pending_bytes + size <= MOST_PENDING_BYTES
            if has_room:
                self._pending.append(pending)
                self._pending_bytes += size
        return has_room

    def is_empty(self) -> bool:
        """Whether none is waiting."""
        return not self._pending and self._spare is None

    def _next(self) -> Pending | None:
        with self._lock:
            if not self._pending:
                return None
            pending = self._pending.popleft()
            self._pending_bytes -= pending.size
            return pending

    def parcels(self) -> Iterator[Parcel]:
        """Takes out all, each written by itself: one that cannot be written costs no other. May be left at any parcel."""
        while parcel := self._parcel():
            yield parcel

    def _parcel(self) -> Parcel | None:
        entries: list[Entry] = []
        size = 0
        while len(entries) < _MOST_IN_BATCH:
            spare, self._spare = self._spare, None
            entry = spare or self._next_entry()
            if entry is None:
                break
            size += len(entry[0]) + 1
            if entries and size > MOST_BYTES:
                self._spare = entry
                break
            entries.append(entry)
        return _parcel(entries) if entries else None

    def _next_entry(self) -> Entry | None:
        while (pending := self._next()) is not None:
            body = self._write(pending)
            if body is not None:
                return body, pending.waiter
            if pending.waiter is not None:
                pending.waiter(False)
        return None

    def _write(self, pending: Pending) -> bytes | None:
        try:
            body = self._writer.payload(pending)
        except Exception:
            logger.exception("monlight: a report could not be written")
            self._tally.drop("unwritable")
            return None
        if body is None:
            self._tally.drop("by_before_send")
        return body

    def make_room(self) -> None:
        """Nothing is dropped, but nobody is to wait for what cannot be sent now."""
        with self._lock:
            waiters: list[Callable[[bool], None]] = [one.waiter for one in self._pending if one.waiter is not None]
            for pending in self._pending:
                pending.waiter = None
        for waiter in waiters:
            waiter(False)

    def split(self, parcel: Parcel, answer: Answer) -> list[Parcel]:
        """One by one where the tracker has no batches yet, in halves where a batch is too large."""
        if parcel.path != _MANY:
            return []
        body = unpack(parcel.body)
        bodies = [json.dumps(report, ensure_ascii=False).encode("utf-8", "replace") for report in json.loads(body)]
        entries = list(zip(bodies, parcel.waiters or [None] * len(bodies), strict=True))
        if answer.verdict is Verdict.NO_ROUTE:
            return [_parcel([entry]) for entry in entries]
        half = len(entries) // 2
        return [_parcel(entries[:half]), _parcel(entries[half:])]

    def note(self, parcel: Parcel, answer: Answer) -> None:
        """Counts what was taken and what was not."""
        results = answer.body.get("results") if parcel.path == _MANY else None
        rejected = [one for one in results or [] if isinstance(one, dict) and one.get("status") == "rejected"]
        self._tally.add("sent", parcel.items - len(rejected))
        if rejected:
            self._tally.drop("rejected", len(rejected))
            logger.warning("monlight: the tracker rejected a report: %s", rejected[0].get("detail"))


def _parcel(entries: list[Entry]) -> Parcel:
    waiters = [waiter for _, waiter in entries]
    if len(entries) == 1:
        return Parcel(_ONE, pack(entries[0][0]), 1, waiters=waiters)
    return Parcel(_MANY, pack(b"[" + b",".join(body for body, _ in entries) + b"]"), len(entries), waiters=waiters)
