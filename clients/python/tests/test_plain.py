"""Whatever an application hands over becomes bounded JSON."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from monlight._plain import cut, cut_middle, plain, rfc3339, text_of


class Broken:
    """Fails in everything that makes text of it."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


class BrokenText(str):
    """A text, and yet none can be made of it."""

    __slots__ = ()
    __str__ = Broken.__str__


class Wordy:
    """Says much."""

    def __repr__(self) -> str:
        return "x" * 1_000


class BrokenMapping(Mapping[str, int]):
    """Fails while it is read."""

    def __getitem__(self, key: str) -> int:
        raise RuntimeError(key)

    def __iter__(self) -> Iterator[str]:
        yield "a"

    def __len__(self) -> int:
        return 1


def test_json_stays_as_it_is() -> None:
    value = {"a": [1, 2.5, True, None, "ü"], "b": {"c": "d"}}

    assert plain(value) == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (math.nan, "nan"),
        (math.inf, "inf"),
        (2**80, str(2**80)),
        (-(2**80), str(-(2**80))),
        (b"bytes", "[5 bytes]"),
        (bytearray(3), "[3 bytes]"),
        (memoryview(b"bytes"), "[5 bytes]"),
        ((1, 2), [1, 2]),
        ({3}, [3]),
        ({1: "a"}, {"1": "a"}),
        (Broken(), "<Broken: its text could not be made: RuntimeError>"),
        (BrokenText("a"), "<BrokenText: its text could not be made: RuntimeError>"),
        (BrokenMapping(), "[could not be read: RuntimeError]"),
    ],
)
def test_what_is_no_json_becomes_some(value: object, expected: object) -> None:
    assert plain(value) == expected
    json.dumps(plain(value), allow_nan=False)


def test_an_integer_of_more_digits_than_python_writes_becomes_text() -> None:
    assert plain(10**6_000).startswith("0x")


def test_circles_are_cut() -> None:
    circle: dict[str, Any] = {"name": "a"}
    circle["self"] = [circle]

    assert plain(circle) == {"name": "a", "self": ["[circular]"]}


def test_the_same_value_twice_is_no_circle() -> None:
    shared = {"a": 1}

    assert plain([shared, shared]) == [shared, shared]


def nested(value: object, levels: int) -> object:
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (nested("a", 8), nested("a", 8)),
        (nested("a", 10_000), nested("[nested too deep]", 8)),
        ([0] * 150, [0] * 100 + ["[50 more left out]"]),
        (dict.fromkeys(map(str, range(150)), 0), {**dict.fromkeys(map(str, range(100)), 0), "…": "[50 more left out]"}),
        ("x" * 5_000, cut("x" * 5_000, 4_096)),
        ({"n" * 1_000: 1}, {cut("n" * 1_000, 200): 1}),
        (10**1_000, cut(str(10**1_000), 500)),
        (Wordy(), cut("x" * 1_000, 500)),
    ],
)
def test_the_copy_is_bounded_in_every_direction(value: object, expected: object) -> None:
    assert plain(value) == expected


def test_many_members_of_many_are_bounded_together() -> None:
    copied = plain([[0] * 90] * 90)
    assert sum(len(inner) for inner in copied if isinstance(inner, list)) < 2_000
    assert copied[-1].endswith("more left out]")

    copied = plain([["x" * 4_000] * 90] * 90)
    assert len(json.dumps(copied)) < 70_000
    assert copied[-1].endswith("more left out]")


def test_cutting_says_how_much_there_was() -> None:
    assert cut("short", 5) == "short"
    assert cut("x" * 1_000, 100).endswith("… [cut, 1000 characters in all]")
    assert len(cut("x" * 1_000, 100)) == 100
    assert len(cut("x" * 1_000, 3)) <= 3
    middle = cut_middle("a" * 500 + "z" * 500, 200)
    assert len(middle) == 200
    assert middle.startswith("a" * 50) and middle.endswith("z" * 100) and "1000 characters" in middle


def test_text_is_made_of_anything() -> None:
    assert text_of(7) == "7"
    assert "RuntimeError" in text_of(Broken())


def test_times_are_written_as_the_services_write_them() -> None:
    assert rfc3339(0.5) == "1970-01-01T00:00:00.500Z"
