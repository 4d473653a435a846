"""Payloads to messages: strict or tolerant, with every deviation at once.

Reading takes two steps. Fast: msgspec decodes straight into the declared type, and a few exact tests
make sure that it overlooked nothing. Only when that fails does `diagnosis` walk the JSON. What tolerant
reading forgives, and what it never guesses, is data in `allowances`; the rules that no schema has are in
`text_rules`; which error code belongs to which fault, and why, is in `deviation.CODES`.
"""

import re
from collections.abc import Callable
from enum import StrEnum
from operator import attrgetter
from typing import Any, Final, Generic, TypeVar, cast

import msgspec
from msgspec import UNSET

from voltline.messages.action import Action, Conf, Payload, Req, Side
from voltline.messages.allowances import UNKNOWN_TIME
from voltline.messages.deviation import CODES, Deviation, DeviationKind
from voltline.messages.diagnosis import Findings, diagnose
from voltline.messages.json_text import MAX_INTEGER, MAX_SIZE, MIN_INTEGER
from voltline.messages.shapes import (
    DecimalNumber,
    Instant,
    Items,
    Object,
    Shape,
    WholeNumber,
    contains,
    shape_of,
)
from voltline.messages.text_rules import RULES, RULES_BY_FORM, Rule
from voltline.messages.writing import encode

__all__ = [
    "CODES",
    "UNKNOWN_TIME",
    "Deviation",
    "DeviationKind",
    "Mode",
    "Reading",
    "encode",
    "read_request",
    "read_response",
    "request_reader",
    "response_reader",
]

M = TypeVar("M", bound=Payload)


class Mode(StrEnum):
    """What to do with a message that deviates."""

    TOLERANT = "tolerant"
    """Keep it, unless a deviation is not usable."""
    STRICT = "strict"
    """Refuse it."""


class Reading(msgspec.Struct, Generic[M], frozen=True, gc=False):
    """What came of reading a payload."""

    message: M | None
    """None when it is refused."""
    deviations: tuple[Deviation, ...] = ()

    @property
    def refusal(self) -> Deviation | None:
        """What to answer when there is no message: the first deviation that is not usable, else the first."""
        if self.message is not None:
            return None
        return next((one for one in self.deviations if not one.usable), self.deviations[0])


def read_request(
    action: Action[Req, Any],
    raw: bytes | str | msgspec.Raw,
    mode: Mode = Mode.TOLERANT,
    *,
    max_size: int = MAX_SIZE,
) -> Reading[Req]:
    """Read the payload of a CALL. Never raises, whatever the payload is.

    Tolerant: the message is None if and only if a deviation is not usable. Strict: if there is any.
    `max_size` is in bytes; a longer text is not looked at. A text rule (`text_rules`) is only checked
    where a message could be made at all.
    """
    return _request_reader(action).read(raw, mode, max_size)


def request_reader(action: Action[Req, Any]) -> Callable[[bytes | str | msgspec.Raw, Mode], Reading[Req]]:
    """What `read_request` does for one action, for those who read many."""
    return _request_reader(action).read


def response_reader(action: Action[Any, Conf]) -> Callable[[bytes | str | msgspec.Raw, Mode], Reading[Conf]]:
    """What `read_response` does for one action, for those who read many."""
    return _response_reader(action).read


def read_response(
    action: Action[Any, Conf],
    raw: bytes | str | msgspec.Raw,
    mode: Mode = Mode.TOLERANT,
    *,
    max_size: int = MAX_SIZE,
) -> Reading[Conf]:
    """Read the payload of a CALLRESULT to a request of this action; otherwise as `read_request`."""
    return _response_reader(action).read(raw, mode, max_size)


# A time, or the start of a text that looks like one, not written as it has to be: msgspec takes some of
# those without a word. Year 1 and 9999 can be out of range in another zone.
_ODD_TIME = re.compile(
    rb'"\d{4}-\d\d-\d\d(?!(?<!0001-..-..)(?<!9999-..-..)T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")'
)
_TIMESTAMP: Final = b'"timestamp":"'
_TIMESTAMP_LENGTH: Final = len(b'"timestamp":"2026-01-01T00:00:00Z"')
_PLAIN_TIMESTAMP: Final = re.compile(
    rb'"timestamp":"(?!0001-|9999-)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)"'
).match
_encode_json: Final = msgspec.json.Encoder().encode
_ONE_DIGIT: Final = bytes.maketrans(b"123456789", b"000000000")
_SIGNED: Final = re.compile(rb":\s*-")
_YEAR: Final = re.compile(rb'"0000-')
_ODD_YEARS: Final = (b"0001-", b"9999-")
_LARGE: Final = re.compile(rb"0{18}")
"""Of a number of fewer digits it need not be asked whether it has too many bits."""
_LONGEST_FORM: Final = 2048
_MOST_FORMS: Final = 500


def _has_its_timestamp(raw: bytes, written: bytes) -> bool:
    """Whether `raw` has one timestamp, and in the form in which it is written. May say no without need."""
    at = raw.find(_TIMESTAMP)
    end = at + _TIMESTAMP_LENGTH
    return at >= 0 and raw.find(_TIMESTAMP, end) < 0 and raw[at:end] in written


def _has_plain_timestamps(raw: bytes, count: int) -> bool:
    """Whether `raw` has so many timestamps, all written plainly. May say no without need.

    Looking at them alone is cheaper than looking at every text.
    """
    at = raw.find(_TIMESTAMP)
    while at >= 0:
        if not _PLAIN_TIMESTAMP(raw, at):
            return False
        count -= 1
        at = raw.find(_TIMESTAMP, at + 13)
    return count == 0


class _Reader(Generic[M]):
    """Reads one type of payload. Made once a type."""

    __slots__ = (
        "_always_walked",
        "_command",
        "_decode",
        "_integers",
        "_regular_forms",
        "_rule",
        "_rule_by_form",
        "_shape",
        "_times",
    )

    def __init__(self, payload: type[M], *, command: bool) -> None:
        self._shape: Object = shape_of(payload)
        self._command = command
        self._decode: Callable[[bytes], M] = msgspec.json.Decoder(payload).decode
        self._rule: Rule | None = RULES.get(payload)
        self._rule_by_form = payload in RULES_BY_FORM
        # Whether a number has one decimal, only its text can tell for sure. Such messages are rare.
        # Nor does msgspec mind integers of any size: those on the first level are looked at one by one.
        deep = (field.shape for field in self._shape.fields if not isinstance(field.shape, WholeNumber))
        self._always_walked = any(contains(shape, DecimalNumber, WholeNumber) for shape in deep)
        self._times = _names_of_times(self._shape)
        self._integers = _integers(self._shape)
        self._regular_forms: dict[bytes, tuple[int, ...]] = {}
        """Texts, every digit a 0, of which it is known that nothing is wrong with them, and where in them
        there is what may be a year."""

    def read(self, raw: bytes | str | msgspec.Raw, mode: Mode, max_size: int = MAX_SIZE) -> Reading[M]:
        if type(raw) is not bytes:
            raw = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else bytes(raw)
        if self._always_walked or len(raw) > max_size:
            return self._read_patiently(raw, mode, max_size)
        try:
            message = self._decode(raw)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return self._read_patiently(raw, mode, max_size)  # which finds out why
        # A charge point sends the same text again and again with other digits in it. But for two years
        # these change nothing that the decoder overlooks.
        form = raw.translate(_ONE_DIGIT)
        years = self._regular_forms.get(form)
        if years is None:
            if not self._is_faultless(message, raw):
                return self._read_patiently(raw, mode, max_size)
            self._keep(form)
        elif years:
            for at in years:
                if raw.startswith(_ODD_YEARS, at):
                    return self._read_patiently(raw, mode, max_size)
        if self._rule is None or self._rule_by_form:  # which was looked at with the form
            return Reading(message)
        breaches = tuple(self._rule(message))
        if not breaches:
            return Reading(message)
        return Reading(message if mode is Mode.TOLERANT else None, breaches)

    def _keep(self, form: bytes) -> None:
        """Remember that nothing is wrong with texts of this form, but for their years."""
        signed = self._rule_by_form and _SIGNED.search(form)
        if len(form) <= _LONGEST_FORM and not signed and not _LARGE.search(form):
            if len(self._regular_forms) >= _MOST_FORMS:
                self._regular_forms.clear()
            self._regular_forms[form] = tuple(year.start() + 1 for year in _YEAR.finditer(form))

    def _is_faultless(self, message: M, raw: bytes) -> bool:
        """Whether nothing at all is wrong with a message that the decoder took. May say no without need."""
        if not self._is_regular(message, raw):
            return False
        if self._rule_by_form and self._rule is not None and any(True for _ in self._rule(message)):
            return False
        numbers = () if self._integers is None else self._integers(message)
        return all(value is UNSET or MIN_INTEGER <= value <= MAX_INTEGER for value in numbers)

    def _is_regular(self, message: M, raw: bytes) -> bool:
        """Whether the decoder overlooked nothing in `raw`. May say no without need."""
        # Escapes hide quotes and odd characters; what is not printable ASCII has to be looked at by field.
        if b"\\" in raw or not raw.isascii() or b"\x7f" in raw:
            return False
        # Written again it is the same: no key came twice, and the times are as they have to be.
        written = _encode_json(message)
        return (written == raw and b'"0001-' not in raw and b'"9999-' not in raw) or self._same(written, raw)

    def _same(self, written: bytes, raw: bytes) -> bool:
        """Whether `raw` says what `written` says, only with other spaces, order or forms of the same time."""
        if len(written) == len(raw) and self._times == _ONLY_TIMESTAMPS and _has_its_timestamp(raw, written):
            # A key given twice would make it longer, and nothing else but a time is ever written longer.
            return True
        # A key given twice leaves no trace in the message, but every key and text has its two quotes, and
        # nothing else has any.
        if written.count(b'"') != raw.count(b'"'):
            return False
        if not self._times:
            return True
        if self._times == _ONLY_TIMESTAMPS and _has_plain_timestamps(raw, written.count(_TIMESTAMP)):
            return True
        return not _ODD_TIME.search(raw)

    def _read_patiently(self, raw: bytes, mode: Mode, max_size: int) -> Reading[M]:
        findings = Findings()
        read = diagnose(self._shape, raw, findings, command=self._command, max_size=max_size)
        message = cast("M | None", read)
        if message is not None and self._rule is not None:
            findings.extend(self._rule(message))
        deviations = findings.listed()
        return Reading(message if mode is Mode.TOLERANT or not deviations else None, deviations)


_ONLY_TIMESTAMPS: Final = frozenset({"timestamp"})


def _names_of_times(shape: Shape) -> frozenset[str]:
    """What the fields are called, on all levels, that hold a time."""
    if isinstance(shape, Items):
        return _names_of_times(shape.item)
    if not isinstance(shape, Object):
        return frozenset()
    own = (field.wire for field in shape.fields if isinstance(field.shape, Instant))
    return frozenset(own).union(*(_names_of_times(field.shape) for field in shape.fields))


def _integers(shape: Object) -> Callable[[Any], tuple[Any, ...]] | None:
    """Gives the whole numbers on a message's first level; None if there is none."""
    names = [field.name for field in shape.fields if isinstance(field.shape, WholeNumber)]
    if not names:
        return None
    if len(names) == 1:
        only = attrgetter(names[0])
        return lambda message: (only(message),)
    return cast("Callable[[Any], tuple[Any, ...]]", attrgetter(*names))


_request_readers: dict[type[Payload], _Reader[Any]] = {}
_response_readers: dict[type[Payload], _Reader[Any]] = {}
_FROM_CENTRAL_SYSTEM = frozenset({Side.CENTRAL_SYSTEM})


def _request_reader(action: Action[Req, Any]) -> _Reader[Req]:
    reader = _request_readers.get(action.request)
    if reader is None:
        command = action.sent_by == _FROM_CENTRAL_SYSTEM
        reader = _request_readers[action.request] = _Reader(action.request, command=command)
    return reader


def _response_reader(action: Action[Any, Conf]) -> _Reader[Conf]:
    reader = _response_readers.get(action.response)
    if reader is None:
        reader = _response_readers[action.response] = _Reader(action.response, command=False)
    return reader
