"""What a configuration key is, how keys are found, and how they are made."""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Literal

import msgspec

from voltline.messages.action import FeatureProfile
from voltline.messages.metering import Measurand, Phase

__all__ = ["Access", "ConfigurationKey", "ConfigurationKeys", "KeysOf", "ValueType"]


class Access(StrEnum):
    """What the central system may do with a key."""

    READ = "R"
    READ_WRITE = "RW"
    WRITE = "W"
    """Set, but never read back: a secret."""


class ValueType(StrEnum):
    """What the text of a value stands for."""

    BOOLEAN = "boolean"
    """`true` or `false`."""
    INTEGER = "integer"
    STRING = "string"
    LIST = "csl"
    """Items with commas between them. Without a key for the longest list, one item (OCPP 1.6, 5.3)."""


class ConfigurationKey(msgspec.Struct, frozen=True, kw_only=True):
    """A standard configuration key."""

    name: str
    profile: FeatureProfile | Literal["ISO15118"]
    """The profile it comes with. ISO15118 is none: it stands for the Plug & Charge application note."""
    required: bool = False
    """Whether a charge point that supports the profile must have the key."""
    type: ValueType
    access: Access
    may_be_read_only: bool = False
    """Whether a charge point is free to make a RW key read-only."""
    meaning: str
    unit: str | None = None
    default: str | None = None
    """The value that a charge point starts with; None where it depends on the product."""
    default_is_given: bool = False
    """Whether the specification gives the default. All other defaults are suggestions of this project."""
    minimum: int | None = None
    maximum: int | None = None
    allowed: tuple[str, ...] = ()
    """The words of which a value, or each item of a list, is made; empty where there are none."""
    pattern: str | None = None
    """The form of a text, or of each item of a list: a regular expression that ignores case."""
    form: str = ""
    """The pattern in words."""
    longest_list: str | None = None
    """The key that says how many items the list can have."""
    note: str = ""
    source: str

    def problem(self, value: str) -> str | None:
        """Why `value` is no value of this key, in one sentence; None if it is one.

        A charge point that is given such a value answers Rejected (OCPP 1.6, 5.3). It may have narrower
        limits of its own.
        """
        match self.type:
            case ValueType.BOOLEAN:
                return (
                    None
                    if value.strip().lower() in ("true", "false")
                    else f"{value!r} is neither true nor false"
                )
            case ValueType.INTEGER:
                return self._problem_of_integer(value)
            case ValueType.STRING:
                return self._problem_of_item(value)
            case ValueType.LIST:
                items = [item.strip() for item in value.split(",")] if value.strip() else []
                return next((problem for item in items if (problem := self._problem_of_item(item))), None)

    def _problem_of_integer(self, value: str) -> str | None:
        if not re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", value):
            return f"{value!r} is not a whole number"
        if self.minimum is not None and int(value) < self.minimum:
            return f"{value} is below {self.minimum}"
        if self.maximum is not None and int(value) > self.maximum:
            return f"{value} is above {self.maximum}"
        return None

    def _problem_of_item(self, item: str) -> str | None:
        if self.pattern is not None:
            if not re.fullmatch(self.pattern, item, re.IGNORECASE | re.ASCII):
                # A secret is not for logs and answers.
                return f"{'the value' if self.access is Access.WRITE else repr(item)} is not {self.form}"
        elif self.allowed and item.lower() not in (word.lower() for word in self.allowed):
            return f"{item!r} is none of {', '.join(self.allowed)}"
        return None


class ConfigurationKeys(Mapping[str, ConfigurationKey]):
    """Keys by name, found without regard to case (OCPP 1.6, 7.17), listed under their standard names."""

    def __init__(self, *keys: ConfigurationKey) -> None:
        self._by_lower_name = {key.name.lower(): key for key in keys}
        if len(self._by_lower_name) != len(keys):
            raise ValueError("two configuration keys have one name")

    def __getitem__(self, name: str) -> ConfigurationKey:
        return self._by_lower_name[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return (key.name for key in self._by_lower_name.values())

    def __len__(self) -> int:
        return len(self._by_lower_name)


_MEASURANDS = tuple(measurand.value for measurand in Measurand)
_MEASURAND = (
    f"(?:{'|'.join(map(re.escape, _MEASURANDS))})(?:\\.(?:{'|'.join(phase.value for phase in Phase)}))?"
)


class KeysOf:
    """Makes the keys of one profile, each kind with what goes without saying for it."""

    def __init__(self, profile: FeatureProfile | Literal["ISO15118"]) -> None:
        self._profile = profile

    def flag(self, name: str, access: Access, meaning: str, source: str, **more: Any) -> ConfigurationKey:
        return self._key(ValueType.BOOLEAN, name, access, meaning, source, **more)

    def number(self, name: str, access: Access, meaning: str, source: str, **more: Any) -> ConfigurationKey:
        return self._key(ValueType.INTEGER, name, access, meaning, source, **({"minimum": 0} | more))

    def text(self, name: str, access: Access, meaning: str, source: str, **more: Any) -> ConfigurationKey:
        return self._key(ValueType.STRING, name, access, meaning, source, **more)

    def list(self, name: str, access: Access, meaning: str, source: str, **more: Any) -> ConfigurationKey:
        return self._key(ValueType.LIST, name, access, meaning, source, **more)

    def measurands(self, name: str, meaning: str, source: str, **more: Any) -> ConfigurationKey:
        return self.list(
            name,
            Access.READ_WRITE,
            meaning,
            source,
            required=True,
            allowed=_MEASURANDS,
            pattern=_MEASURAND,
            form="a measurand, perhaps with a phase, such as Voltage.L1",
            longest_list=f"{name}MaxLength",
            note="One measurand that is not supported refuses the whole list (OCPP 1.6, 3.16.4).",
            **more,
        )

    def longest_list(self, name: str, source: str, **more: Any) -> ConfigurationKey:
        meaning = f"The most items that {name.removesuffix('MaxLength')} can have."
        return self.number(name, Access.READ, meaning, source, unit="items", **more)

    def _key(
        self, kind: ValueType, name: str, access: Access, meaning: str, source: str, **more: Any
    ) -> ConfigurationKey:
        return ConfigurationKey(
            name=name, profile=self._profile, type=kind, access=access, meaning=meaning, source=source, **more
        )
