"""JSON objects that hold a frame: our recordings, open-ocpp-trace, DebugKit, Docker's and other JSON logs.

Which key holds what is told by its name (`keys.py`) and, for the frame, by its value.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from voltline.inspection.records import Damage, Direction, Record
from voltline.logbook.readers.family import Sense
from voltline.logbook.readers.frame_text import (
    FRAME,
    Balance,
    Found,
    found_in,
    is_frame,
    looks_cut,
    recovered,
)
from voltline.logbook.readers.headings import Headings
from voltline.logbook.readers.keys import ROLES, plain, sense_of, sense_of_flag, time_of, type_of
from voltline.logbook.readers.trace import TRACE, Told
from voltline.wire.frame_types import CallErrorFrame, CallFrame, CallResultFrame
from voltline.wire.frames import decode

__all__ = ["Entry", "answer_beside", "is_answer", "rebuilt_from", "records_of"]

_read = msgspec.json.Decoder(dict[str, Any]).decode
_write = msgspec.json.Encoder().encode

_NESTED = frozenset(
    [
        "metadata",
        "meta",
        "context",
        "labels",
        "fields",
        "extra",
        "attributes",
        "data",
        "details",
        "message",
        "event",
        "source",
        "record",
        "mdc",
        "payload",
        "body",
        "jsonpayload",
        "properties",
    ]
)
FORMS = {
    frozenset({"time", "station", "direction", "text"}): "voltline recording",
    frozenset({"schemaVersion", "raw"}): "open-ocpp-trace",
}


class Entry(msgspec.Struct, gc=False):
    """The usual keys of one line, read at once. A line that has others is read key by key instead."""

    timestamp: str | None = None
    time: str | None = None
    direction: str | None = None
    station: str | None = None
    charge_point_id: str | None = msgspec.field(default=None, name="chargePointId")
    text: str | None = None
    raw: str | None = None
    voltline: Told | None = None


_read_entry = msgspec.json.Decoder(Entry).decode


def records_of(
    line: str | bytes, source: str, number: int, headings: Headings, defaults: Mapping[str, str] = {}
) -> tuple[str, list[Record]] | None:
    """Name of the format and the records of one JSON object; None where it is none or holds no frame.

    `defaults` are roles to values that an object around this one gave.
    """
    try:
        entry = _read_entry(line)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    else:
        if entry.voltline is not None:
            return TRACE, [_traced(entry, entry.voltline, source, number)]
        text = entry.raw or entry.text
        if text is not None and FRAME.match(text) is not None and is_frame(text) and not looks_cut(text):
            direction, sent = sense_of(entry.direction)
            at = time_of(entry.timestamp or entry.time)
            station = entry.charge_point_id or entry.station or defaults.get("station")
            record = Record(source, number, text, at=at, direction=direction, sent=sent, station=station)
            return "open-ocpp-trace" if entry.raw else "voltline recording", [record]
    try:
        held = _read(line)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    text = line if isinstance(line, str) else line.decode("utf-8", "replace")
    return _of_dict(held, text, source, number, headings, defaults)


def _traced(entry: Entry, told: Told, source: str, number: int) -> Record:
    """A line of our own trace."""
    return Record(
        source,
        number,
        entry.raw or told.text or "",
        told.kind,
        time_of(entry.timestamp),
        sense_of(entry.direction)[0],
        entry.charge_point_id,
        told.connection,
        told.damage,
    )


def _of_dict(
    held: dict[str, Any], text: str, source: str, number: int, headings: Headings, defaults: Mapping[str, str]
) -> tuple[str, list[Record]] | None:
    roles: dict[str, Any] = dict(defaults)
    _gather(held, roles, 0)
    values = _values(held, 0)
    frames, before, place = _frames_in(values, text)
    form = "json log"
    if not frames:
        rebuilt = rebuilt_from(roles)
        if rebuilt is None:
            return None
        frames = [Found(rebuilt, (Damage.REBUILT,))]
        form = "json objects"
    direction, sent = sense_of(roles.get("direction"))
    at: datetime | None = time_of(roles.get("at"))
    station = _text(roles.get("station"))
    if before.strip():
        heading, inner = headings.read(before)
        if heading.repeats:
            return None
        at = at or inner
        if direction is Direction.UNKNOWN and sent is None:
            direction, sent = heading.direction, heading.sent
        station = station or heading.station
        form = heading.family.name
    elif direction is Direction.UNKNOWN and sent is None:
        direction, sent = sense_of(roles.get("type"))
        if direction is Direction.UNKNOWN and sent is None:
            direction, sent = _sense_of_words(values, headings)
    records = [
        Record(
            source,
            number,
            found.text,
            at=at,
            direction=direction,
            sent=sent,
            station=station,
            connection=_text(roles.get("connection")),
            damage=found.damage,
        )
        for found in frames
    ]
    other = _counterpart(frames, values[place:], text)
    if other is not None:
        records.append(answer_beside(records[0], other, at))
    return form, records


def _frames_in(values: list[tuple[str, Any]], text: str) -> tuple[list[Found], str, int]:
    """The frames of the likeliest value, what stands before them in it, and the place of the value behind."""
    for role in ("frame", "payload", "data", None):
        for place, (name, value) in enumerate(values, 1):
            if role is None or ROLES.get(plain(name)) == role:
                frames, before = _frames_of(value, text)
                if frames:
                    return frames, before, place
    return [], "", len(values)


def _frames_of(value: Any, text: str) -> tuple[list[Found], str]:
    if isinstance(value, list) and len(value) >= 3 and value[0] in (2, 3, 4):
        return [_as_written(text, value)], ""
    if isinstance(value, str) and "[" in value:
        start = FRAME.search(value)
        if start is not None:
            found = found_in(value[start.start() :].rstrip())
            return [one if one.whole else recovered(one.text) for one in found], value[: start.start()]
    return [], ""


def _counterpart(frames: list[Found], values: list[tuple[str, Any]], text: str) -> Found | None:
    """The answer to the one CALL of an entry, in a value of its own behind it."""
    if len(frames) == 1:
        for _, value in values:
            found, _ = _frames_of(value, text)
            if len(found) == 1 and is_answer(found[0].text, frames[0].text):
                return found[0]
    return None


def is_answer(answer: str, call: str) -> bool:
    """Whether one frame answers the other."""
    asked, told = decode(call), decode(answer)
    return (
        isinstance(asked, CallFrame)
        and isinstance(told, CallResultFrame | CallErrorFrame)
        and asked.message_id == told.message_id
    )


def answer_beside(call: Record, found: Found, at: datetime | None) -> Record:
    """The record of an answer that stands in the same entry or row as its CALL."""
    return msgspec.structs.replace(
        call,
        text=found.text,
        at=at,
        direction=call.direction.opposite,
        sent=None if call.sent is None else not call.sent,
        damage=found.damage,
    )


def _sense_of_words(values: list[tuple[str, Any]], headings: Headings) -> Sense:
    """What the entry's own message says: `"msg": "received message"` beside the frame."""
    for name, value in values:
        flag = sense_of_flag(name, value)
        if flag[1] is not None:
            return flag
        # Keys that are numbers are the arguments of a call of tslog.
        is_said = name.isdigit() or ROLES.get(plain(name)) in {"frame", "words"}
        if is_said and isinstance(value, str) and not FRAME.search(value):
            heading, _ = headings.read(value)
            if heading.sent is not None or heading.direction is not Direction.UNKNOWN:
                return heading.direction, heading.sent
    return Direction.UNKNOWN, None


def _as_written(text: str, value: list[Any]) -> Found:
    """A frame that is an array in an object, as it was written there."""
    begin = FRAME.search(text)
    while begin is not None:
        end = Balance().feed(text[begin.start() :])
        written = text[begin.start() : begin.start() + end] if end is not None else ""
        following = FRAME.search(text, begin.start() + len(written) if written else begin.end())
        if is_frame(written) and (following is None or msgspec.json.decode(written) == value):
            return Found(written.replace("\n", " "))
        begin = following
    return Found(_write(value).decode(), (Damage.REBUILT,))


def rebuilt_from(roles: Mapping[str, Any]) -> str | None:
    """A frame from its parts; None where one is missing that it cannot be without."""
    kind = type_of(roles.get("type"))
    message_id = roles.get("id") or roles.get("id_of_pair") or roles.get("id_fallback")
    action = roles.get("action")
    payload = roles.get("payload")
    if isinstance(payload, str):
        try:
            payload = msgspec.Raw(payload.encode()) if is_json(payload) else None
        except ValueError:
            payload = None
    if message_id is None or kind is None:
        return None
    if kind == 2:
        return (
            _frame(2, str(message_id), str(action), payload if payload is not None else {})
            if action
            else None
        )
    if kind == 4:
        code = roles.get("code")
        if not isinstance(code, str):
            return None
        return _frame(4, str(message_id), code, roles.get("description") or "", roles.get("details") or {})
    return None if payload is None else _frame(3, str(message_id), payload)


def is_json(text: str) -> bool:
    """Whether `text` is a JSON object."""
    try:
        _read(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False
    return True


def _frame(*elements: Any) -> str:
    return _write(elements).decode()


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _gather(held: dict[str, Any], roles: dict[str, Any], depth: int) -> None:
    """Fill in roles; the outermost key of a role wins, and what stands outside loses to what stands in it."""
    here: dict[str, Any] = {}
    for name, value in held.items():
        role = ROLES.get(plain(name))
        if role is not None and role not in here and value is not None:
            here[role] = value
    if depth == 0:
        roles.update(here)
    else:
        for role, value in here.items():
            if role not in {"payload", "frame"}:
                roles.setdefault(role, value)
    for name, value in held.items():
        if isinstance(value, dict) and plain(name) == "error":
            for role in ("code", "description", "details"):
                roles.setdefault(role, value.get(role))
        if (
            isinstance(value, dict)
            and depth < 2
            and plain(name) in _NESTED
            and ROLES.get(plain(name)) != "payload"
        ):
            _gather(value, roles, depth + 1)


def _values(held: dict[str, Any], depth: int) -> list[tuple[str, Any]]:
    values: list[tuple[str, Any]] = []
    for name, value in held.items():
        values.append((name, value))
        if isinstance(value, dict) and depth < 2 and plain(name) in _NESTED:
            values += _values(value, depth + 1)
    return values
