"""The types that fields of messages are made of: texts with a limit, instants, numbers, enumerations.

A limit lives in the type (`CiString20`), a field's own meaning beside the field (`doc(...)`). Both reach the
JSON Schema, the printed catalogue and the REST interface from the one declaration.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from msgspec import Meta

__all__ = [
    "CiString20",
    "CiString25",
    "CiString50",
    "CiString255",
    "CiString500",
    "Enumeration",
    "IdToken",
    "OneDecimal",
    "String40",
    "String50",
    "String128",
    "String255",
    "String512",
    "String800",
    "String5500",
    "String10000",
    "Timestamp",
    "Uri",
    "doc",
]


def doc(meaning: str, *, unit: str | None = None) -> Meta:
    """What a field means, and in which unit its number is, for the schema and the catalogue.

    In the JSON Schema the meaning is `description` and the unit `x-unit`.
    """
    return Meta(description=meaning, extra_json_schema=None if unit is None else {"x-unit": unit})


class Enumeration(StrEnum):
    """A closed list of words on the wire; a member equals, hashes and prints as its word.

    Charge points send words that no list knows. Tolerant reading keeps such a word as a member made by
    `unknown`: an instance of the same class, encoded as it came, told apart by `is_known`.
    """

    meaning: str
    """What the word says, in one sentence; empty where the word says it all."""

    def __new__(cls, value: str, meaning: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    @classmethod
    def unknown(cls, value: str) -> Self:
        """The member for `value`: the listed one if there is one, else one that is not in the list."""
        if value in cls._value2member_map_:
            return cls(value)
        member = str.__new__(cls, value)
        member._value_ = value
        member._name_ = value
        member.meaning = ""
        return member

    def __reduce_ex__(self, protocol: object) -> tuple[Any, ...]:
        # Enum would look the word up, and not find one that is not listed.
        return type(self).unknown, (self._value_,)

    @property
    def is_known(self) -> bool:
        """Whether the specification lists this word."""
        return self._value_ in type(self)._value2member_map_


# CiString: printable ASCII, compared without regard to case. OCPP 1.6, 7.15 to 7.19.
# Lengths are maxima, counted in code points (errata 3.58 to 3.62).
_CI = {"case_insensitive": True}
CiString20 = Annotated[str, Meta(max_length=20, extra=_CI)]
CiString25 = Annotated[str, Meta(max_length=25, extra=_CI)]
CiString50 = Annotated[str, Meta(max_length=50, extra=_CI)]
CiString255 = Annotated[str, Meta(max_length=255, extra=_CI)]
CiString500 = Annotated[str, Meta(max_length=500, extra=_CI)]

# OCPP 1.6, 7.28: what a driver shows to be let in, for example the UID of an RFID card.
IdToken = CiString20

# The security whitepaper counts plain strings; case matters in them.
String40 = Annotated[str, Meta(max_length=40)]
String50 = Annotated[str, Meta(max_length=50)]
String128 = Annotated[str, Meta(max_length=128)]
String255 = Annotated[str, Meta(max_length=255)]
String512 = Annotated[str, Meta(max_length=512)]
String800 = Annotated[str, Meta(max_length=800)]
String5500 = Annotated[str, Meta(max_length=5500)]
String10000 = Annotated[str, Meta(max_length=10000)]

# OCPP 1.6, 3.14: an instant. Always with a time zone here; any offset is honoured.
Timestamp = Annotated[datetime, Meta(tz=True)]

# anyURI of the specification. A format only: real links are too varied to refuse one for its looks.
Uri = Annotated[str, Meta(extra_json_schema={"format": "uri"})]

# A decimal with at most one digit after the point. OCPP 1.6, 7.13 and 7.14.
# Not `multiple_of=0.1`, which refuses 0.3 and a third of all valid values in binary floating point:
# reading checks the digit (abs(x * 10 - round(x * 10)) < 1e-6), the schema states it.
OneDecimal = Annotated[float, Meta(extra_json_schema={"multipleOf": 0.1}, extra={"decimals": 1})]
