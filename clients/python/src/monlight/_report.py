"""A report: what is noted at once when something goes wrong, and what goes to the tracker of it."""

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from ._context import Work
from ._headers import scrub_headers
from ._log import logger
from ._mask import mask
from ._outlet import Waiter
from ._plain import Plain, cut, cut_middle, plain, rfc3339, scrub, text_of
from ._snapshot import Snapshot
from ._traceback import frames_with_source, write

BeforeSend = Callable[[dict[str, Any]], dict[str, Any] | None]

# The tracker refuses or cuts what is longer.
_LIMITS = {
    "project": 100,
    "exception_type": 200,
    "environment": 100,
    "release": 200,
    "request_url": 2_000,
    "request_method": 20,
    "user_id": 200,
    "level": 20,
    "trace_id": 100,
    "event_id": 200,
}
_MESSAGE_CHARS = 10_000
_TRACEBACK_CHARS = 100_000
# The tracker takes 256 KiB, and a batch must have room for one more.
MOST_BYTES = 200_000
# Taken down of a request; the rest of the limits comes when secrets are gone.
_MOST_HEADERS = 100
_HEADER_CHARS = 2_000
_URL_CHARS = 4_000
_CONTEXT_NAMES = ("url", "method", "headers")


@dataclass
class Pending:
    """What was noted when it happened. Plain data only: nothing of the host is kept alive."""

    snapshot: Snapshot
    # Of the payload: context, user, extra, level and the like.
    fields: dict[str, Plain]
    at: float = field(default_factory=time.time)
    event_id: str = field(default_factory=lambda: os.urandom(16).hex())
    waiter: Waiter | None = None

    @property
    def size(self) -> int:
        """About how many bytes it holds."""
        snapshot: Snapshot | None = self.snapshot
        size = 1_000 + self.fields.get("_size", 0)
        while snapshot is not None:
            size += 500 + len(snapshot.message) + 100 * len(snapshot.frames) + sum(map(len, snapshot.notes))
            size += 5_000 * len(snapshot.members or ())
            snapshot = snapshot.previous
        return int(size)


def note_fields(
    request_context: Mapping[str, Any] | None,
    extra: object,
    work: Work | None,
    given: Mapping[str, object],
) -> dict[str, Plain]:
    """The payload's fields from what was handed over and what the current work knows, copied."""
    fields: dict[str, Plain] = {}
    extras: list[object] = []
    if work is not None:
        _read_context(fields, extras, work.context())
        if work.user_id is not None:
            fields["user_id"] = work.user_id
        if work.extra:
            extras.append(work.extra)
        if work.breadcrumbs:
            extras.append({"breadcrumbs": list(work.breadcrumbs)})
    if request_context:
        _read_context(fields, extras, request_context)
    extras.append(extra)
    fields.update({name: plain(value) for name, value in given.items() if value is not None})
    merged = _merge([plain(one) for one in extras if one is not None and one != {}])
    if merged is not None:
        fields["extra"] = merged
    fields["_size"] = len(repr(fields))
    return fields


def _read_context(fields: dict[str, Plain], extras: list[object], context: Mapping[str, Any]) -> None:
    """By the payload's names, or without the `request_` before them; what has no place there is extra."""
    others: dict[str, object] = {}
    for name, value in dict(context).items():
        full = f"request_{name}" if name in _CONTEXT_NAMES else name
        if full == "request_headers":
            headers = islice(dict(value or {}).items(), _MOST_HEADERS)
            fields[full] = {_name(key): cut(_name(member), _HEADER_CHARS) for key, member in headers}
        elif full in ("request_url", "request_method", "user_id", "trace_id"):
            if value is not None:
                fields[full] = cut(text_of(value), _URL_CHARS)
        elif name == "extra":
            extras.append(value)
        else:
            others[text_of(name)] = value
    if others:
        extras.append(others)


def _name(value: object) -> str:
    return value[:_HEADER_CHARS].decode("latin-1") if isinstance(value, bytes) else text_of(value)


def _merge(extras: Sequence[Plain]) -> Plain:
    if len(extras) <= 1:
        return extras[0] if extras else None
    merged: dict[str, Plain] = {}
    for extra in extras:
        merged.update(extra if isinstance(extra, dict) else {"extra": extra})
    return merged


@dataclass(frozen=True)
class Writer:
    """Makes payloads."""

    project: str
    environment: str | None
    release: str | None
    removed_headers: frozenset[str]
    before_send: BeforeSend | None

    def payload(self, pending: Pending) -> bytes | None:
        """The JSON that goes to the tracker; None when `before_send` does not want it."""
        report = self._scrubbed(self._report(pending))
        if self.before_send is not None:
            changed = _asked(self.before_send, report)
            if changed is None:
                return None
            # The application may have put anything into it.
            report = self._scrubbed(changed)
        return _fitting(report)

    def _report(self, pending: Pending) -> dict[str, Any]:
        snapshot = pending.snapshot
        fields = {name: value for name, value in pending.fields.items() if name != "_size"}
        extra = fields.get("extra")
        if (frames := frames_with_source(snapshot)) and (extra is None or isinstance(extra, dict)):
            fields["extra"] = {"frames": frames} if extra is None else {**extra, "frames": extra.get("frames", frames)}
        return {
            "project": self.project,
            "exception_type": snapshot.type_name,
            "message": snapshot.message,
            "traceback": write(snapshot),
            "environment": self.environment,
            "release": self.release,
            "timestamp": rfc3339(pending.at),
            "event_id": pending.event_id,
            **fields,
        }

    def _scrubbed(self, report: Mapping[str, Any]) -> dict[str, Any]:
        clean: dict[str, Any] = {}
        for name, value in report.items():
            if value is None:
                continue
            if name == "request_headers":
                clean[name] = scrub_headers(value, self.removed_headers) if isinstance(value, Mapping) else {}
            elif name == "extra":
                clean[name] = scrub(value)
            elif name == "fingerprint":
                clean[name] = [mask(text_of(part)) for part in value] if isinstance(value, (list, tuple)) else None
            else:
                clean[name] = mask(text_of(value))
        return clean


def _asked(before_send: BeforeSend, report: dict[str, Any]) -> dict[str, Any] | None:
    original = deepcopy(report)
    frames = report["extra"].get("frames") if isinstance(report.get("extra"), dict) else None
    try:
        changed = before_send(report)
        return None if changed is None else _copied(changed, original, frames)
    except Exception:
        logger.exception("monlight: before_send failed; the report is sent as it was")
        return original


def _copied(changed: Mapping[str, Any], original: Mapping[str, Any], frames: Plain) -> dict[str, Any]:
    """What `before_send` has made of a report. What is not JSON (any more) must not cost the report."""
    copied = {text_of(name): value if name == "request_headers" else plain(value) for name, value in changed.items()}
    for name in ("message", "traceback"):
        # They may be longer than texts in general.
        copied[name] = text_of(changed.get(name, original[name]))
    for name in ("project", "exception_type"):
        copied[name] = copied.get(name) or original[name]
    extra = changed.get("extra")
    if frames is not None and isinstance(extra, dict) and extra.get("frames") is frames:
        copied["extra"]["frames"] = frames
    return copied


def _fitting(report: dict[str, Any]) -> bytes:
    for name, most_chars in _LIMITS.items():
        if name in report:
            report[name] = cut(report[name], most_chars) or "unknown"
    report["message"] = cut(report["message"], _MESSAGE_CHARS)
    report["traceback"] = cut_middle(report["traceback"], _TRACEBACK_CHARS)
    body = _json(report)
    if len(body) <= MOST_BYTES:
        return body
    # What helps least goes first. What went is said.
    extra = report.get("extra")
    if isinstance(extra, dict) and "frames" in extra:
        report["extra"] = {name: value for name, value in extra.items() if name != "frames"}
        body = _json(report)
    if len(body) > MOST_BYTES and extra is not None:
        report["extra"] = {"…": f"[left out: {len(_json(extra))} bytes]"}
        body = _json(report)
    if len(body) > MOST_BYTES:
        # Each character may take four bytes, or six as an escape.
        report["traceback"] = cut_middle(report["traceback"], 20_000)
        report["message"] = cut(report["message"], 2_000)
        report["request_headers"] = {"…": "[left out]"}
        body = _json(report)
    return body


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=text_of).encode("utf-8", "replace")
