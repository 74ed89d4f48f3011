"""How things get to a service that may be away: with a clock that the test moves."""

import random
from collections.abc import Iterable
from itertools import pairwise

import pytest

from monlight._outlet import MOST_WAITING_BYTES, Outlet, Parcel
from monlight._tally import Tally
from monlight._transport import Answer, Transport, Verdict

NEVER = float("inf")
AWAY = Answer(Verdict.AGAIN, "away")
TAKEN = Answer(Verdict.DONE, "202")


class Line:
    """A source of numbered parcels."""

    def __init__(self, packs_while_away: bool) -> None:
        self.packs_while_away = packs_while_away
        self.ready: list[Parcel] = []
        self.dropped = 0

    def add(self, size: int = 10) -> Parcel:
        self.ready.append(Parcel("/x", b"x" * size, 1))
        return self.ready[-1]

    def is_empty(self) -> bool:
        return not self.ready

    def parcels(self) -> Iterable[Parcel]:
        while self.ready:
            yield self.ready.pop(0)

    def make_room(self) -> None:
        if self.packs_while_away:
            self.dropped += len(self.ready)
            self.ready.clear()

    def split(self, parcel: Parcel, answer: Answer) -> list[Parcel]:
        half = len(parcel.body) // 2
        if answer.verdict is not Verdict.TOO_LARGE or half == 0:
            return []
        return [Parcel("/x", parcel.body[:half], 1), Parcel("/x", parcel.body[half:], 1)]

    def note(self, parcel: Parcel, answer: Answer) -> None:
        pass

    def forget(self) -> None:
        self.ready.clear()


class Away(Transport):
    """Answers what the test says, and keeps what it was sent."""

    def __init__(self) -> None:
        self.answer = TAKEN
        self.answers: list[Answer] = []
        self.sent: list[tuple[str, int]] = []

    def post(self, path: str, body: bytes, key: str, until: float) -> Answer:  # noqa: ARG002
        self.sent.append((key, len(body)))
        return self.answers.pop(0) if self.answers else self.answer

    def close(self) -> None:
        pass

    def after_fork(self) -> None:
        pass


class Setting:
    """An outlet with all around it."""

    def __init__(self, packs_while_away: bool = True) -> None:
        self.now = 1_000.0
        self.line = Line(packs_while_away)
        self.transport = Away()
        self.tally = Tally("parcels")
        self.outlet = Outlet("service", self.transport, self.line, self.tally, lambda: 10.0, lambda: self.now)

    def pass_time(self, seconds: float) -> None:
        """Moves the clock, and drives the outlet as the sender's thread does."""
        end = self.now + seconds
        while self.outlet.due_at() <= end:
            self.now = max(self.now, self.outlet.due_at())
            self.outlet.deliver(NEVER)
        self.now = end


@pytest.fixture
def setting() -> Setting:
    return Setting()


def test_it_sends_at_the_end_of_each_interval(setting: Setting) -> None:
    setting.line.add()
    setting.pass_time(9.9)
    assert setting.transport.sent == []

    setting.pass_time(0.2)

    assert len(setting.transport.sent) == 1
    assert setting.outlet.is_empty


def test_what_is_sent_again_has_the_same_key_and_the_order_stays(setting: Setting) -> None:
    setting.transport.answer = AWAY
    first = setting.line.add()
    setting.pass_time(20)
    second = setting.line.add()
    setting.pass_time(100)
    tries = [key for key, _ in setting.transport.sent]
    assert len(tries) > 3
    assert set(tries) == {first.key}, "the second waits for the first"

    setting.transport.answer = TAKEN
    setting.transport.sent.clear()
    setting.pass_time(61)

    assert [key for key, _ in setting.transport.sent] == [first.key, second.key]


def test_tries_become_rarer_up_to_one_a_minute(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", lambda _low, high: high)
    setting.transport.answer = AWAY
    setting.line.add()
    times = []
    original = setting.transport.post

    def post(path: str, body: bytes, key: str, until: float) -> Answer:
        times.append(setting.now)
        return original(path, body, key, until)

    monkeypatch.setattr(setting.transport, "post", post)
    setting.pass_time(400)

    assert [round(after - before) for before, after in pairwise(times)][:8] == [1, 2, 4, 8, 16, 32, 60, 60]


@pytest.mark.parametrize("eager", [False, True])
def test_nothing_is_sent_before_the_time_that_the_service_asked_for(setting: Setting, eager: bool) -> None:
    setting.transport.answers = [Answer(Verdict.AGAIN, "429", retry_after_s=25.0)]
    setting.line.add()
    setting.pass_time(10)
    assert len(setting.transport.sent) == 1

    setting.pass_time(24.9)
    if eager:
        setting.outlet.deliver(setting.now, eager=True)
    assert len(setting.transport.sent) == 1

    setting.pass_time(0.2)
    assert len(setting.transport.sent) == 2


def test_a_flush_tries_at_once_though_the_service_has_just_been_away(setting: Setting) -> None:
    setting.transport.answers = [AWAY]
    setting.line.add()
    setting.pass_time(10)

    assert setting.outlet.deliver(NEVER, eager=True)
    assert len(setting.transport.sent) == 2


def test_what_is_refused_is_counted_and_holds_nothing_up(setting: Setting) -> None:
    setting.transport.answers = [Answer(Verdict.REFUSED, "400")]
    setting.line.add()
    setting.line.add()

    setting.pass_time(10)

    assert len(setting.transport.sent) == 2
    assert setting.tally.read()["dropped_refused"] == 1
    assert setting.outlet.is_empty


def test_what_is_too_large_goes_in_halves(setting: Setting) -> None:
    setting.transport.answers = [Answer(Verdict.TOO_LARGE, "413"), Answer(Verdict.TOO_LARGE, "413")]
    setting.line.add(100)

    setting.pass_time(10)

    assert [size for _, size in setting.transport.sent] == [100, 50, 25, 25, 50]
    assert setting.outlet.is_empty


def test_what_is_too_large_and_cannot_be_split_is_counted(setting: Setting) -> None:
    setting.transport.answer = Answer(Verdict.TOO_LARGE, "413")
    setting.line.add(1)

    setting.pass_time(10)

    assert setting.tally.read()["dropped_refused"] == 1
    assert setting.outlet.is_empty


def test_what_waits_is_bounded_and_the_oldest_is_kept(setting: Setting) -> None:
    setting.transport.answer = AWAY
    first = setting.line.add(MOST_WAITING_BYTES // 4)
    for _ in range(100):
        setting.pass_time(10)
        setting.line.add(MOST_WAITING_BYTES // 4)

    assert setting.outlet.waiting_bytes <= MOST_WAITING_BYTES
    assert setting.line.dropped >= 95
    setting.transport.answer = TAKEN
    setting.transport.sent.clear()
    setting.pass_time(61)
    assert setting.transport.sent[0][0] == first.key


def test_what_can_wait_stays_in_its_source() -> None:
    setting = Setting(packs_while_away=False)
    setting.transport.answer = AWAY
    setting.line.add()
    setting.outlet.hurry()
    setting.pass_time(1)
    for _ in range(5):
        setting.line.add()
        setting.outlet.hurry()
        setting.pass_time(1)
    assert len(setting.line.ready) == 5

    setting.transport.answer = TAKEN
    setting.pass_time(61)

    assert setting.outlet.is_empty


def test_of_what_can_wait_only_one_parcel_is_packed_when_the_service_goes_away() -> None:
    setting = Setting(packs_while_away=False)
    setting.transport.answer = AWAY
    for _ in range(5):
        setting.line.add()
    setting.outlet.hurry()
    setting.pass_time(0.1)

    assert len(setting.line.ready) == 4


def test_those_who_wait_are_told_after_the_first_try(setting: Setting) -> None:
    told: list[bool] = []
    setting.transport.answers = [AWAY]
    setting.line.add().waiters.append(told.append)
    setting.line.add().waiters.append(told.append)

    setting.pass_time(10)
    assert told == [False, False]

    setting.line.add().waiters.append(told.append)
    setting.pass_time(100)
    assert told == [False, False, True]


def test_two_do_not_send_at_the_same_time(setting: Setting) -> None:
    setting.line.add()

    def post(*_: object) -> Answer:
        assert not setting.outlet.deliver(setting.now, eager=True)
        return TAKEN

    setting.transport.post = post  # type: ignore[method-assign,assignment]
    setting.pass_time(10)

    assert setting.outlet.is_empty
