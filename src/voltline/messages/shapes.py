"""The declarations of the messages, prepared for walking: what each field may be, in one flat object."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from msgspec import inspect

from voltline.messages import allowances
from voltline.messages.action import Payload
from voltline.messages.types import Enumeration


@dataclass(frozen=True, slots=True)
class WholeNumber:
    floored: bool
    """A fraction is cut off instead of making the number unreadable."""


@dataclass(frozen=True, slots=True)
class DecimalNumber:
    one_decimal: bool


@dataclass(frozen=True, slots=True)
class TrueOrFalse:
    pass


@dataclass(frozen=True, slots=True)
class Text:
    max_length: int | None
    ascii_only: bool
    identity: bool
    json_as_text: bool


@dataclass(frozen=True, slots=True)
class Instant:
    pass


@dataclass(frozen=True, slots=True)
class Word:
    """One of an enumeration's words."""

    enumeration: type[Enumeration]
    spellings: Mapping[str, Enumeration]
    """The words by their casefolded form."""
    keeps_unknown: bool
    """Even in a command."""


@dataclass(frozen=True, slots=True)
class Items:
    item: "Shape"
    min_length: int
    whole: bool
    """No item can be left out without changing what the list says."""


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    wire: str
    shape: "Shape"
    required: bool
    stand_in: allowances.StandIn | None
    aliases: tuple[str, ...]
    precious: bool


@dataclass(frozen=True, slots=True)
class Object:
    type: type[Payload]
    fields: tuple[Field, ...]
    wires: frozenset[str]
    bare: str | None
    wrapped: str | None
    closed: bool
    """In a command, an unknown field makes it unreadable."""


Shape = WholeNumber | DecimalNumber | TrueOrFalse | Text | Instant | Word | Items | Object


@cache
def shape_of(payload: type[Payload]) -> Object:
    """The shape of a payload's class. Raises TypeError for a class with a field no message can have."""
    return _object(inspect.type_info(payload))


def contains(shape: Shape, *kinds: type) -> bool:
    """Whether the shape, or anything inside it, is of one of the kinds."""
    if isinstance(shape, kinds):
        return True
    if isinstance(shape, Object):
        return any(contains(field.shape, *kinds) for field in shape.fields)
    return isinstance(shape, Items) and contains(shape.item, *kinds)


def _object(info: inspect.Type) -> Object:
    if not (isinstance(info, inspect.StructType) and issubclass(info.cls, Payload)):
        raise TypeError(f"{info} is no payload")
    owner = info.cls
    fields = tuple(_field(owner, field) for field in info.fields)
    return Object(
        type=owner,
        fields=fields,
        wires=frozenset(field.wire for field in fields),
        bare=allowances.BARE.get(owner),
        wrapped=allowances.WRAPPED.get(owner),
        closed=owner in allowances.ABSENT_MEANS_ALL,
    )


def _field(owner: type, field: inspect.Field) -> Field:
    key = (owner, field.name)
    return Field(
        name=field.name,
        wire=field.encode_name,
        shape=_shape(field.type, key),
        required=field.required,
        stand_in=allowances.STAND_INS.get(key),
        aliases=allowances.ALIASES.get(key, ()),
        precious=field.name in allowances.PRECIOUS,
    )


def _shape(info: inspect.Type, key: allowances.FieldName) -> Shape:
    extra: dict[str, Any] = {}
    while isinstance(info, inspect.Metadata):
        extra |= info.extra or {}
        info = info.type
    match info:
        case inspect.IntType():
            return WholeNumber(floored=key in allowances.FLOORED)
        case inspect.FloatType():
            return DecimalNumber(one_decimal=extra.get("decimals") == 1)
        case inspect.BoolType():
            return TrueOrFalse()
        case inspect.StrType():
            return Text(
                max_length=info.max_length,
                ascii_only="case_insensitive" in extra and key not in allowances.FREE_WORDS,
                identity=key[1] in allowances.IDENTITIES,
                json_as_text=key in allowances.JSON_AS_TEXT,
            )
        case inspect.DateTimeType():
            return Instant()
        case inspect.EnumType():
            return _word(info.cls, key)
        case inspect.ListType():
            item = _shape(info.item_type, key)
            whole = isinstance(item, Object) and item.type in allowances.WHOLE_LISTS
            return Items(item, info.min_length or 0, whole)
        case inspect.StructType():
            return _object(info)
    raise TypeError(f"{key[0].__name__}.{key[1]} is of a type that cannot be read from a message: {info}")


def _word(enumeration: Any, key: allowances.FieldName) -> Word:
    spellings = {member.value.casefold(): member for member in enumeration}
    if len(spellings) != len(enumeration):
        raise TypeError(f"{enumeration.__name__} has words that differ in case only")
    return Word(enumeration, spellings, keeps_unknown=key in allowances.KEEPS_UNKNOWN_WORDS)
