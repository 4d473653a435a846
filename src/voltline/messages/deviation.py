"""What differs between a message as it came and a message as the specification wants it."""

from collections.abc import Mapping
from enum import StrEnum, unique

import msgspec

from voltline.messages.error_codes import ErrorCode


@unique
class DeviationKind(StrEnum):
    """What sort of fault it is. The values are stable: they are stored and searched for."""

    NOT_JSON = "not_json"
    """The text is not JSON at all, or is cut off."""
    TOO_LARGE = "too_large"
    """The text is longer than the reader's limit."""
    TOO_DEEP = "too_deep"
    """Objects and lists are nested deeper than the reader's limit."""
    DUPLICATE_KEY = "duplicate_key"
    """An object has the same key more than once."""
    MISSING = "missing"
    """A field is absent that must be there."""
    EXPLICIT_NULL = "explicit_null"
    """A field is null. OCPP has no null: an absent value is an absent field."""
    UNKNOWN_FIELD = "unknown_field"
    """A field that the specification does not have, or one under a wrong name."""
    WRONG_TYPE = "wrong_type"
    """Another JSON type than the field's."""
    EMPTY_LIST = "empty_list"
    """A list without items where the specification wants one at least."""
    TOO_LONG = "too_long"
    """More characters than the field's maximum."""
    BLANK = "blank"
    """An empty text where it cannot mean anything."""
    BAD_TEXT = "bad_text"
    """Characters that the field may not have, or that are no characters."""
    UNKNOWN_VALUE = "unknown_value"
    """Not one of the values of the field's enumeration."""
    BAD_NUMBER = "bad_number"
    """A number that is out of range, has a fraction where it may not, or is no number."""
    NOT_ONE_DECIMAL = "not_one_decimal"
    """More than one digit after the decimal point, where the specification allows one."""
    BAD_TIMESTAMP = "bad_timestamp"
    """Not an ISO 8601 time, or a time that no calendar has."""
    NO_TIME_ZONE = "no_time_zone"
    """A time without zone."""
    RULE = "rule"
    """A rule of the written specification that the JSON schemas do not express."""


CODES: Mapping[DeviationKind, ErrorCode] = {
    DeviationKind.NOT_JSON: ErrorCode.FORMATION_VIOLATION,
    DeviationKind.TOO_LARGE: ErrorCode.FORMATION_VIOLATION,
    DeviationKind.TOO_DEEP: ErrorCode.FORMATION_VIOLATION,
    DeviationKind.DUPLICATE_KEY: ErrorCode.FORMATION_VIOLATION,
    DeviationKind.MISSING: ErrorCode.PROTOCOL_ERROR,
    DeviationKind.EXPLICIT_NULL: ErrorCode.TYPE_CONSTRAINT_VIOLATION,
    DeviationKind.UNKNOWN_FIELD: ErrorCode.FORMATION_VIOLATION,
    DeviationKind.WRONG_TYPE: ErrorCode.TYPE_CONSTRAINT_VIOLATION,
    DeviationKind.EMPTY_LIST: ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION,
    DeviationKind.TOO_LONG: ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    DeviationKind.BLANK: ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    DeviationKind.BAD_TEXT: ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    DeviationKind.UNKNOWN_VALUE: ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    DeviationKind.BAD_NUMBER: ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    DeviationKind.NOT_ONE_DECIMAL: ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    DeviationKind.BAD_TIMESTAMP: ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    DeviationKind.NO_TIME_ZONE: ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    DeviationKind.RULE: ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
}
"""The error code that each kind is answered with.

Table 7 of OCPP-J 1.6, 4.2.3 overlaps with itself: a missing field may be a ProtocolError, a
FormationViolation or an OccurenceConstraintViolation. We read it so: ProtocolError when the payload
is incomplete, FormationViolation when it has what the PDU does not have, TypeConstraintViolation for
the JSON type, OccurenceConstraintViolation for the count of a list's items (and for a field that
another field demands or forbids), PropertyConstraintViolation when the type is right and the value is
not. The errata (3.24, 3.38, 3.39) fix only the last one, for enumerations and connector ids. Whoever
judges a peer's answer should accept any related code.
"""


class Deviation(msgspec.Struct, frozen=True, gc=False):
    """One difference between what came and what the specification wants."""

    path: str
    """Where, as a JSON path: `$.meterValue[0].sampledValue[1].unit`. `$` is the payload."""
    kind: DeviationKind
    text: str
    """What is wrong and what the reader made of it, for a field engineer. One sentence."""
    code: ErrorCode
    """The OCPP error code to answer with, if it is to be refused."""
    usable: bool
    """Whether the message is still certain in what counts. Tolerant reading refuses only what is not."""


SHOWN_LENGTH = 60
"""Characters of a peer's value that a deviation's text quotes."""


def shown(text: str) -> str:
    """A peer's text for use in a sentence: quoted, shortened, without anything a terminal would act on."""
    if len(text) > SHOWN_LENGTH:
        text = text[: SHOWN_LENGTH - 1] + "…"
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text) + '"'
