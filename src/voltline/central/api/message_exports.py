"""The message log as text: as we record frames, and as an open OCPP trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from voltline.central.domain.messages import Direction, FrameType, LoggedFrame
from voltline.messages import Deviation
from voltline.transport.recorder import RecordedFrame

_encode = msgspec.json.Encoder().encode
_elements = msgspec.json.Decoder(list[Raw]).decode


class ExportFormat(StrEnum):
    """The forms in which the log can be had."""

    JSONL = "jsonl"
    """Lines such as `voltline serve` records them in files: time, station, direction (in or out), text."""
    OPEN_TRACE = "open-trace"
    """Open OCPP Trace Format 1.1."""


class _Error(Struct, frozen=True, omit_defaults=True):
    code: Any = UNSET
    description: Any = UNSET
    details: Raw | UnsetType = UNSET


class _Trace(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """A line of an open OCPP trace."""

    schema_version: str
    timestamp: Any
    transport: str
    direction: str
    message_type: str
    ocpp_version: str
    charge_point_id: str
    message_id: str
    action: str | UnsetType = UNSET
    payload: Raw | UnsetType = UNSET
    error: _Error | UnsetType = UNSET
    raw: str
    meta: dict[str, tuple[Deviation, ...]] | UnsetType = UNSET


def exported(chunks: Iterator[list[LoggedFrame]], form: ExportFormat) -> Iterator[bytes]:
    """Lines of JSON, many at a time."""
    line = LINES[form]()
    for frames in chunks:
        yield b"".join([text + b"\n" for frame in frames if (text := line(frame))])


def _recorded() -> Callable[[LoggedFrame], bytes]:
    def line(frame: LoggedFrame) -> bytes:
        return _encode(RecordedFrame(frame.at, frame.identity, frame.direction, frame.text))

    return line


def _traced() -> Callable[[LoggedFrame], bytes]:
    calls: dict[tuple[str, Direction, str], str] = {}

    def line(frame: LoggedFrame) -> bytes:
        kind, message_id = frame.head.type, frame.head.message_id
        if kind is FrameType.OTHER:
            return b""  # the format has no word for what is no message
        if kind is FrameType.CALL:
            action: str | UnsetType = frame.head.action
            calls[frame.identity, frame.direction, message_id] = frame.head.action
            if len(calls) > _MOST_OPEN_CALLS:
                del calls[next(iter(calls))]
        else:
            asked = Direction.OUT if frame.direction is Direction.IN else Direction.IN
            action = calls.pop((frame.identity, asked, message_id), UNSET)
        return _encode(_trace(frame, action))

    return line


LINES: dict[ExportFormat, Callable[[], Callable[[LoggedFrame], bytes]]] = {
    ExportFormat.JSONL: _recorded,
    ExportFormat.OPEN_TRACE: _traced,
}
_MOST_OPEN_CALLS = 10_000


def _trace(frame: LoggedFrame, action: str | UnsetType) -> _Trace:
    kind = frame.head.type
    try:
        elements = _elements(frame.text)
    except msgspec.DecodeError:
        elements = []
    payload: Raw | UnsetType = UNSET
    error: _Error | UnsetType = UNSET
    if kind is FrameType.CALLERROR:
        error = _Error(*elements[2:5])
    else:
        place = 3 if kind is FrameType.CALL else 2
        payload = elements[place] if len(elements) > place else UNSET
    return _Trace(
        schema_version="1.1",
        timestamp=frame.at,
        transport="json",
        direction="cp-to-csms" if frame.direction is Direction.IN else "csms-to-cp",
        message_type=kind,
        ocpp_version="1.6",
        charge_point_id=frame.identity,
        message_id=frame.head.message_id,
        action=action,
        payload=payload,
        error=error,
        raw=frame.text,
        meta={"deviations": frame.deviations} if frame.deviations else UNSET,
    )
