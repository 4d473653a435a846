"""Hypothesis strategies made from the declarations: valid messages of every type, and broken ones.

`messages_of(StartTransaction)` gives messages that strict reading takes without a word. `mutated(raw)`
gives what such a message can become on its way from a charge point that we did not write.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Any
from urllib.parse import quote

import msgspec
from hypothesis import settings
from hypothesis import strategies as st

from voltline.messages import (
    ACTIONS,
    UNSET,
    AuthorizationStatus,
    ChargePointErrorCode,
    ChargePointStatus,
    ChargingProfile,
    ChargingProfileKind,
    ChargingProfilePurpose,
    ChargingSchedule,
    GetCompositeScheduleResponse,
    GetDiagnostics,
    IdTagInfo,
    LogStatusNotification,
    Payload,
    RecurrencyKind,
    RemoteStartTransaction,
    SampledValue,
    SendLocalList,
    SignedFirmwareStatusNotification,
    StatusNotification,
    UpdateFirmware,
    ValueFormat,
)
from voltline.messages.json_text import MAX_INTEGER, MIN_INTEGER
from voltline.messages.shapes import (
    DecimalNumber,
    Field,
    Instant,
    Items,
    Object,
    Shape,
    Text,
    TrueOrFalse,
    WholeNumber,
    Word,
    shape_of,
)

PAYLOADS: dict[str, tuple[str, str]] = {
    f"{name}{side}": (name, side) for name in ACTIONS for side in ("Request", "Response")
}
"""Every payload there is, by a name for test ids: the action and which of its two payloads."""


def payload_type(name: str) -> type[Payload]:
    action, side = PAYLOADS[name]
    return ACTIONS[action].request if side == "Request" else ACTIONS[action].response


def share_of_examples(percent: int) -> settings:
    """Settings with this share of the examples that the profile in force gives to one test."""
    return settings(max_examples=max(1, settings.default.max_examples * percent // 100))  # type: ignore[union-attr]


# Valid messages -----------------------------------------------------------------------------------

_PRINTABLE = st.characters(min_codepoint=0x20, max_codepoint=0x7E)
_SCALARS = st.characters(exclude_categories=["Cs"])
_ZONES = st.one_of(
    st.just(UTC),
    st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)

_EXACT_INTEGERS = {"meter_start", "meter_stop", "transaction_id", "reservation_id", "charging_profile_id"}


def instants() -> st.SearchStrategy[datetime]:
    """Times with whole milliseconds, in any zone, from any year that a zone cannot push out of range."""
    seconds = st.integers(100_000, 32_000_000_000)
    milliseconds = st.just(0) | st.integers(0, 999)
    return st.builds(
        lambda second, millisecond, zone: datetime.fromtimestamp(second, zone).replace(
            microsecond=millisecond * 1000
        ),
        seconds,
        milliseconds,
        _ZONES,
    )


def readings() -> st.SearchStrategy[str]:
    """Decimal numbers as meters write them."""
    return st.decimals(-10_000_000, 10_000_000, places=3).map(str) | st.integers(0, 2**63).map(str)


@cache
def messages_of(payload: type[Payload]) -> st.SearchStrategy[Any]:
    """Messages of a type in which strict reading finds nothing to say."""
    return _object(shape_of(payload))


def _object(shape: Object) -> st.SearchStrategy[Any]:
    required = {field.name: _field(shape, field) for field in shape.fields if field.required}
    optional = {field.name: _field(shape, field) for field in shape.fields if not field.required}
    built = st.fixed_dictionaries(required, optional=optional).map(lambda fields: shape.type(**fields))
    lawful = LAWFUL.get(shape.type)
    return built if lawful is None else built.map(lawful)


def _field(owner: Object, field: Field) -> st.SearchStrategy[Any]:
    if owner.type is SampledValue and field.name == "value":
        return readings()
    if field.name in _EXACT_INTEGERS:
        return st.integers(MIN_INTEGER, MAX_INTEGER)
    return _value(field.shape)


def _value(shape: Shape) -> st.SearchStrategy[Any]:
    match shape:
        case WholeNumber():
            return st.integers(1, 2**31 - 1)
        case DecimalNumber():
            return st.integers(0, 10_000_000).map(lambda tenths: tenths / 10)
        case TrueOrFalse():
            return st.booleans()
        case Text():
            longest = min(shape.max_length or 60, 60)
            letters = _PRINTABLE if shape.ascii_only else _SCALARS
            # Not blank: a blank id tag breaks a rule of its own.
            return st.text(letters, min_size=1, max_size=longest).filter(lambda text: bool(text.strip()))
        case Instant():
            return instants()
        case Word():
            return st.sampled_from(list(shape.enumeration))
        case Items():
            return st.lists(_value(shape.item), min_size=shape.min_length, max_size=3)
        case Object():
            return _object(shape)


def _lawful_sample(sample: SampledValue) -> SampledValue:
    if sample.format is ValueFormat.SIGNED_DATA:
        return msgspec.structs.replace(sample, value=sample.value.encode().hex())
    return sample


def _lawful_schedule(schedule: ChargingSchedule) -> ChargingSchedule:
    periods = [
        msgspec.structs.replace(period, start_period=position * 60)
        for position, period in enumerate(schedule.charging_schedule_period)
    ]
    return msgspec.structs.replace(schedule, charging_schedule_period=periods)


def _lawful_profile(profile: ChargingProfile) -> ChargingProfile:
    recurring = profile.charging_profile_kind is ChargingProfileKind.RECURRING
    of_transaction = profile.charging_profile_purpose is ChargingProfilePurpose.TX_PROFILE
    return msgspec.structs.replace(
        profile,
        recurrency_kind=RecurrencyKind.DAILY if recurring else UNSET,
        transaction_id=profile.transaction_id if of_transaction else UNSET,
    )


def _lawful_remote_start(start: RemoteStartTransaction) -> RemoteStartTransaction:
    if start.charging_profile is UNSET:
        return start
    profile = msgspec.structs.replace(
        start.charging_profile,
        charging_profile_purpose=ChargingProfilePurpose.TX_PROFILE,
        transaction_id=UNSET,
    )
    return msgspec.structs.replace(start, charging_profile=profile)


def _lawful_composite(answer: GetCompositeScheduleResponse) -> GetCompositeScheduleResponse:
    if answer.charging_schedule is UNSET:
        schedule = _EXAMPLE_SCHEDULE
    else:
        schedule = msgspec.structs.replace(answer.charging_schedule, start_schedule=UNSET)
    start = datetime(2024, 1, 1, tzinfo=UTC) if answer.schedule_start is UNSET else answer.schedule_start
    return msgspec.structs.replace(answer, charging_schedule=schedule, schedule_start=start)


def _lawful_local_list(sent: SendLocalList) -> SendLocalList:
    if sent.local_authorization_list is UNSET:
        return sent
    by_tag = {entry.id_tag.casefold(): entry for entry in sent.local_authorization_list}
    verdict = IdTagInfo(status=AuthorizationStatus.ACCEPTED)
    entries = [
        msgspec.structs.replace(entry, id_tag_info=verdict) if entry.id_tag_info is UNSET else entry
        for entry in by_tag.values()
    ]
    return msgspec.structs.replace(sent, local_authorization_list=entries)


def _lawful_status(status: StatusNotification) -> StatusNotification:
    if status.error_code is ChargePointErrorCode.EV_COMMUNICATION_ERROR:
        return msgspec.structs.replace(status, status=ChargePointStatus.PREPARING)
    return status


def _with_request_id(message: Any) -> Any:
    return msgspec.structs.replace(message, request_id=1) if message.request_id is UNSET else message


def _with_uri(message: Any) -> Any:
    return msgspec.structs.replace(message, location=f"https://example.com/{quote(message.location)}")


_EXAMPLE_SCHEDULE = msgspec.convert(
    {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.0}]},
    ChargingSchedule,
)

LAWFUL: dict[type, Callable[[Any], Any]] = {
    GetDiagnostics: _with_uri,
    UpdateFirmware: _with_uri,
    ChargingProfile: _lawful_profile,
    ChargingSchedule: _lawful_schedule,
    GetCompositeScheduleResponse: _lawful_composite,
    LogStatusNotification: _with_request_id,
    RemoteStartTransaction: _lawful_remote_start,
    SampledValue: _lawful_sample,
    SendLocalList: _lawful_local_list,
    SignedFirmwareStatusNotification: _with_request_id,
    StatusNotification: _lawful_status,
}
"""What makes a message of the right form keep the rules of the text, too."""


# Broken messages ----------------------------------------------------------------------------------

_NEARLY = ["", " ", "1", "-1", "1.5", "true", "Accepted", "accepted ", "2022-02-29T12:00:00Z", "x" * 600]

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(_SCALARS, max_size=20)
    | st.sampled_from(
        ["", " ", "1", "-1", "1.5", "true", "Accepted", "accepted ", "2022-02-29T12:00:00Z", "x" * 600]
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(_SCALARS, max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
"""Any JSON value, with a liking for those that nearly fit somewhere."""

_FRAGMENTS = [
    b"NaN",
    b"-Infinity",
    b'"\\ud800"',
    b'"\\udc00\\ud800"',
    b'"\xed\xa0\x80"',
    b'"\xff"',
    b'"\x00"',
    b'"a\tb"',
    b"1" * 5000,
    b"-" + b"9" * 30,
    b"1e400",
    b"1E5",
    b"1.0",
    b"01",
    b"null",
    b"",
    b"[" * 100 + b"]" * 100,
    b"[" * 100_000,
    b'{"a":' * 50 + b"1" + b"}" * 50,
    b'"2024-01-01 12:00:00"',
    b'"0001-01-01T00:00:00+05:00"',
    b'"9999-12-31T23:59:59-05:00"',
]
"""Pieces of text in place of a value, many of them no JSON."""


def broken(raw: bytes) -> st.SearchStrategy[bytes]:
    """What `raw`, a JSON object, may be mutated to: any text at all, mostly close to the original."""
    value = json.loads(raw)
    choices: list[st.SearchStrategy[bytes]] = [
        st.binary(max_size=60),
        st.integers(0, len(raw)).map(lambda end: raw[:end]),
        st.tuples(st.integers(0, len(raw)), st.binary(max_size=4)).map(
            lambda cut: raw[: cut[0]] + cut[1] + raw[cut[0] :]
        ),
        json_values.map(_dumped),
        st.tuples(st.text(_SCALARS, max_size=12), json_values).map(
            lambda extra: _dumped({**value, extra[0]: extra[1]})
        ),
    ]
    spots = list(_spots(value))
    if spots:
        spot = st.sampled_from(spots)
        choices += [
            spot.map(lambda path: _dumped(_without(value, path))),
            st.tuples(spot, json_values).map(lambda put: _dumped(_with(value, *put))),
            st.tuples(spot, st.sampled_from(_FRAGMENTS)).map(lambda put: _spliced(value, *put)),
            st.tuples(spot, json_values, st.booleans()).map(lambda put: _doubled(value, *put)),
            spot.map(lambda path: _dumped(_renamed(value, path))),
        ]
    return st.one_of(choices)


Path = tuple[str | int, ...]


def _spots(value: object, path: Path = ()) -> Any:
    """The paths of all values inside a value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield (*path, key)
        yield from _spots(item, (*path, key))


def _copied(value: Any, path: Path) -> tuple[Any, Any, str | int]:
    """A copy of the value, the container in it that the path's last step is in, and that step."""
    copy = json.loads(json.dumps(value))
    inner = copy
    for step in path[:-1]:
        inner = inner[step]
    return copy, inner, path[-1]


def _without(value: Any, path: Path) -> Any:
    copy, inner, step = _copied(value, path)
    del inner[step]
    return copy


def _with(value: Any, path: Path, new: Any) -> Any:
    copy, inner, step = _copied(value, path)
    inner[step] = new
    return copy


def _renamed(value: Any, path: Path) -> Any:
    copy, inner, step = _copied(value, path)
    if isinstance(step, str):
        inner[step.upper()] = inner.pop(step)
    else:
        inner[step] = [inner[step]]
    return copy


_MARK = "\u2042 here \u2042"


def _spliced(value: Any, path: Path, fragment: bytes) -> bytes:
    return _dumped(_with(value, path, _MARK)).replace(_dumped(_MARK), fragment)


def _doubled(value: Any, path: Path, other: Any, same: bool) -> bytes:
    """The key at the path given twice, with the same value or with another one."""
    copy, inner, step = _copied(value, path)
    if not isinstance(step, str):
        return _dumped(copy)
    twin = inner[step] if same else other
    inner[_MARK] = twin
    return _dumped(copy).replace(_dumped(_MARK), _dumped(step))


def _dumped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
