"""What is written of an exception is what Python would print."""

import builtins
import gc
import json
import sys
import traceback
import weakref
from collections.abc import Callable
from importlib import import_module
from types import CodeType

import pytest

from monlight._snapshot import Snapshot, take
from monlight._traceback import frames_with_source, write


def fail(depth: int) -> None:
    if depth:
        return fail(depth - 1)
    raise KeyError("no\nsuch price")


def plain_error() -> None:
    fail(3)


def deep_recursion() -> None:
    fail(20)


def with_cause() -> None:
    try:
        fail(0)
    except KeyError as error:
        raise ValueError from error


def with_context() -> None:
    try:
        fail(0)
    except KeyError:
        int("a")


def with_suppressed_context() -> None:
    try:
        fail(0)
    except KeyError:
        raise ValueError("only this") from None


def syntax_error() -> None:
    compile("a b\n", "shop.py", "exec")


def no_message() -> None:
    assert fail is None


def of_one_line_with_many_calls() -> None:
    _ = (len("a"), len("b"), len(str(1 // 0)))


def with_notes() -> None:
    try:
        fail(0)
    except KeyError as error:
        error.__notes__ = ["order 7", "two\nlines"]  # type: ignore[attr-defined]
        raise


PLAIN = [
    plain_error,
    deep_recursion,
    with_cause,
    with_context,
    with_suppressed_context,
    syntax_error,
    no_message,
    of_one_line_with_many_calls,
]


def caught(function: Callable[[], object]) -> BaseException:
    try:
        function()
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def printed(error: BaseException) -> str:
    return "".join(traceback.format_exception(type(error), error, error.__traceback__))


@pytest.mark.parametrize("function", PLAIN)
def test_it_is_what_python_prints(function: Callable[[], object]) -> None:
    error = caught(function)

    assert write(take(error)) == printed(error)


def test_notes_follow_the_message() -> None:
    error = caught(with_notes)

    if sys.version_info >= (3, 11):
        assert write(take(error)) == printed(error)
    assert write(take(error)).endswith("order 7\ntwo\nlines\n")


def test_groups_are_what_python_prints() -> None:
    group = getattr(builtins, "ExceptionGroup", None) or import_module("exceptiongroup").ExceptionGroup

    def errors() -> list[BaseException]:
        return [caught(function) for function in (plain_error, with_cause)]

    def raised() -> None:
        raise group("some", [*errors(), group("inner", [ValueError(1), *errors()])])

    def raised_with_inner_first() -> None:
        raise group("some", [group("inner", [ValueError(1), *errors()]), *errors()])

    def chained() -> None:
        try:
            raised()
        except Exception as error:
            raise TypeError("at last") from error

    def many() -> None:
        raise group("many", [ValueError(number) for number in range(20)])

    for function in (raised, raised_with_inner_first, chained, many):
        error = caught(function)
        text = write(take(error))
        if sys.version_info >= (3, 11):
            assert text == printed(error)
        assert "+---------------- 1 ----------------" in text
    assert take(caught(raised)).type_name.endswith("ExceptionGroup")


def test_a_chain_that_bites_its_tail_ends() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first

    assert write(take(first)).count("direct cause") == 1


def test_a_chain_without_end_is_cut() -> None:
    error = ValueError("0")
    for number in range(1, 5_000):
        following = ValueError(str(number))
        following.__context__ = error
        error = following

    assert write(take(error)).count("another exception occurred") == 20


def test_a_group_of_groups_without_end_is_cut() -> None:
    group = getattr(builtins, "ExceptionGroup", None) or import_module("exceptiongroup").ExceptionGroup
    error: BaseException = ValueError("leaf")
    for _ in range(8):
        error = group("level", [error] * 15)

    text = write(take(error))

    assert len(text) < 20_000
    assert "more exceptions" in text


def test_groups_in_groups_are_written_to_the_fifth_level() -> None:
    group = getattr(builtins, "ExceptionGroup", None) or import_module("exceptiongroup").ExceptionGroup
    error: BaseException = ValueError("leaf")
    for level in range(6):
        assert "leaf" in write(take(error)), level
        error = group("level", [error])

    assert "leaf" not in write(take(error))


def test_long_messages_and_many_notes_are_cut() -> None:
    error = ValueError("m" * 20_000)
    error.__notes__ = ["n" * 5_000] * 30  # type: ignore[attr-defined]

    snapshot = take(error)

    assert len(snapshot.message) == 10_000
    assert [len(note) for note in snapshot.notes] == [2_000] * 20


def test_of_a_deep_stack_the_middle_is_left_out() -> None:
    def nest(depth: int) -> object:
        # Two functions in turn, so that Python's own folding of repeated lines does not apply.
        return 1 // 0 if depth == 0 else twin(depth - 1)

    def twin(depth: int) -> object:
        return nest(depth)

    text = write(take(caught(lambda: nest(200))))

    assert "  [303 more frames, left out]" in text
    assert text.count('  File "') == 100


def test_the_exception_and_its_frames_are_not_kept_alive() -> None:
    class Large:
        pass

    def holding(large: Large) -> None:
        raise ValueError(large)

    def snapshot_and_reference() -> tuple[Snapshot, "weakref.ref[Large]"]:
        large = Large()
        return take(caught(lambda: holding(large))), weakref.ref(large)

    snapshot, gone = snapshot_and_reference()
    gc.collect()

    assert gone() is None
    assert snapshot.frames


def test_own_frames_come_with_the_lines_around_them() -> None:
    frames = frames_with_source(take(caught(plain_error)))

    assert frames[0]["context_line"] == '    raise KeyError("no\\nsuch price")'
    assert frames[0]["pre_context"][-1] == "        return fail(depth - 1)"
    assert len(frames[0]["post_context"]) == 5
    assert all(frame["file"] == __file__ for frame in frames)


def test_frames_of_libraries_come_without() -> None:
    files = {frame["file"] for frame in frames_with_source(take(caught(lambda: json.loads("{"))))}

    assert files == {__file__}


def test_code_without_a_file_or_line_is_no_trouble() -> None:
    namespace: dict[str, Callable[[], object]] = {}
    code: CodeType = compile("def f():\n    raise KeyError(1)", "<made>", "exec")
    exec(code, namespace)  # noqa: S102
    error = caught(namespace["f"])

    assert 'File "<made>", line 2, in f' in write(take(error))
