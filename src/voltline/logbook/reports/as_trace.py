"""The open trace: one JSON object a line and frame, in the form of open-ocpp-trace 1.1.

Lines that are no frame (connections opened and closed, a vendor's own lines) are kept too, and what that
form has no key for stands under `voltline`, so that inspecting a trace finds what inspecting the log found.
The page `docs/reference/trace.md` describes it.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, Raw, UnsetType

from voltline.inspection.events import Answered, Orphan
from voltline.inspection.records import Direction, Record, RecordKind
from voltline.inspection.timeline import frame_of
from voltline.logbook.frames import Seen
from voltline.logbook.readers.trace import Place, Told
from voltline.wire.frame_types import CallErrorFrame, CallFrame, CallResultFrame

__all__ = ["TraceLine", "trace_lines"]

SCHEMA_VERSION: Final = "1.1"
DIRECTIONS: Final = {Direction.FROM_STATION: "cp-to-csms", Direction.FROM_CENTRAL: "csms-to-cp"}


class TraceLine(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One line. What is not known is absent."""

    schema_version: str
    charge_point_id: str
    message_type: str
    """CALL, CALLRESULT, CALLERROR; INVALID for what cannot be used; CONNECTED, DISCONNECTED, NOTE."""
    voltline: Told
    transport: Literal["json"] = "json"
    ocpp_version: Literal["1.6"] = "1.6"
    timestamp: datetime | UnsetType = UNSET
    direction: str | UnsetType = UNSET
    message_id: str | UnsetType = UNSET
    action: str | UnsetType = UNSET
    """Of an answer: of the CALL that it answers."""
    payload: Raw | UnsetType = UNSET
    error: dict[str, Any] | UnsetType = UNSET
    raw: str | UnsetType = UNSET
    """The frame as it stands in the log."""


def trace_lines(seen: Iterable[Seen]) -> Iterator[bytes]:
    """The trace, a line each with its line end. Times are in UTC."""
    encode = msgspec.json.Encoder().encode
    for one in seen:
        try:
            yield encode(_line(one)) + b"\n"
        except UnicodeEncodeError:  # half a character: UTF-16 that was cut
            yield encode(_line(Seen(_whole(one.record), one.event))) + b"\n"


def _line(seen: Seen) -> TraceLine:
    record = seen.record
    told = Told(
        record.kind,
        record.source,
        record.line,
        None if record.kind is RecordKind.FRAME else record.text,
        record.connection,
        record.damage,
        seen.pairing,
        _answers(seen),
        None if seen.took_s is None else round(seen.took_s * 1000, 3),
    )
    at = UNSET if record.at is None else record.at
    station = record.station or ""
    if record.kind is not RecordKind.FRAME:
        return TraceLine(SCHEMA_VERSION, station, record.kind.upper(), told, timestamp=at)
    message_type, message_id, action, payload, error = _parts(seen)
    return TraceLine(
        SCHEMA_VERSION,
        station,
        message_type,
        told,
        timestamp=at,
        direction=DIRECTIONS.get(record.direction, UNSET),
        message_id=message_id,
        action=action,
        payload=payload,
        error=error,
        raw=record.text,
    )


def _parts(
    seen: Seen,
) -> tuple[str, str | UnsetType, str | UnsetType, Raw | UnsetType, dict[str, Any] | UnsetType]:
    frame = frame_of(seen.record)
    action: str | UnsetType = UNSET if seen.exchange is None else seen.exchange.frame.action
    if isinstance(frame, CallFrame):
        return "CALL", str(frame.message_id), frame.action, _payload(seen.record, frame.payload), UNSET
    if isinstance(frame, CallResultFrame):
        return "CALLRESULT", str(frame.message_id), action, _payload(seen.record, frame.payload), UNSET
    if isinstance(frame, CallErrorFrame):
        error: dict[str, Any] = {"code": frame.code, "description": frame.description}
        details = _payload(seen.record, frame.details)
        if details is not UNSET:
            error["details"] = details
        return "CALLERROR", str(frame.message_id), action, UNSET, error
    return "INVALID", UNSET, UNSET, UNSET, UNSET


def _payload(record: Record, payload: Raw) -> Raw | UnsetType:
    if record.truncated or not _is_json(payload):
        return UNSET
    if b"\n" in bytes(payload) or b"\r" in bytes(payload):
        return Raw(msgspec.json.format(payload, indent=-1))
    return payload


def _is_json(payload: Raw) -> bool:
    """A frame may be known by its head alone."""
    try:
        msgspec.json.decode(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False
    return True


def _answers(seen: Seen) -> Place | None:
    if isinstance(seen.event, Answered | Orphan) and seen.exchange is not None:
        return Place(seen.exchange.call.source, seen.exchange.call.line)
    return None


def _whole(record: Record) -> Record:
    text = record.text.encode("utf-8", "replace").decode()
    return msgspec.structs.replace(record, text=text, frame=None)
