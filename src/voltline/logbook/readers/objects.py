"""JSON objects that hold a frame: our recordings, open-ocpp-trace, DebugKit, Docker's and other JSON logs.

Which key holds what is told by its name (`keys.py`) and, for the frame, by its value.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from voltline.inspection.records import Damage, Direction, Record
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
from voltline.logbook.readers.keys import ROLES, plain, sense_of, time_of, type_of
from voltline.logbook.readers.trace import TRACE, Told

__all__ = ["Entry", "records_of"]

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
    frames: list[Found] = []
    before = ""
    _gather(held, roles, 0)
    for role in ("frame", "payload", "data", None):
        for name, value in _values(held, 0):
            if role is not None and ROLES.get(plain(name)) != role:
                continue
            if isinstance(value, list) and len(value) >= 3 and value[0] in (2, 3, 4):
                frames = [_as_written(text, value)]
            elif isinstance(value, str) and "[" in value:
                start = FRAME.search(value)
                if start is not None:
                    before = value[: start.start()]
                    frames = [
                        found if found.whole else recovered(found.text)
                        for found in found_in(value[start.start() :].rstrip())
                    ]
            if frames:
                break
        if frames:
            break
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
    return form, [
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


def _as_written(text: str, value: list[Any]) -> Found:
    """A frame that is an array in an object, as it was written there."""
    begin = FRAME.search(text)
    while begin is not None:
        end = Balance().feed(text[begin.start() :])
        if end is not None and is_frame(text[begin.start() : begin.start() + end]):
            return Found(text[begin.start() : begin.start() + end].replace("\n", " "))
        begin = FRAME.search(text, begin.end())
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
