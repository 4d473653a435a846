"""What an action on a simulated station is made of, so that prompt, control API and scenarios share it.

An action is a frozen Struct: its tag is the verb, its docstring the help, its fields are the arguments with
types, limits, defaults and help, and `act` is what it does. A new verb is one such class and its name in
`actions.VERBS`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from enum import Enum
from inspect import getdoc
from random import Random
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin, get_type_hints

import msgspec

from voltline.quirks import Registry
from voltline.station.core.charge_point import ChargePoint
from voltline.station.core.hardware import Outlet
from voltline.station.device.misbehaviour import MisbehavingLine
from voltline.station.device.runner import Runner
from voltline.station.simulator.clock import SimulatedClock
from voltline.station.simulator.device import SimulatedDevice

ConnectorId = Annotated[int, msgspec.Meta(ge=1, description="Number of the connector, from 1.")]
ConnectorOrStation = Annotated[
    int, msgspec.Meta(ge=0, description="Number of the connector; 0 is the station itself.")
]
IdTag = Annotated[
    str,
    msgspec.Meta(min_length=1, max_length=20, pattern="^[ -~]+$", description="The id tag on the card."),
]


class Misunderstood(ValueError):  # its text is shown as it stands
    """There is no such verb, or not with these arguments; the text says why and what would be right."""


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a simulated station, for actions to act on."""

    device: SimulatedDevice
    runner: Runner
    line: MisbehavingLine
    """Between the station and its central system."""
    clock: SimulatedClock
    quirks: Registry
    """What is known of charge points."""
    lose_power: Callable[[float], None]
    """Power is gone for so many seconds."""
    outlet: Outlet
    cars: Random
    """Where cars come from that nobody describes."""
    id_tag: str
    """Presented where no tag is named."""

    @property
    def core(self) -> ChargePoint:
        """The core at work; after a loss of power another one."""
        return self.runner.core


class Action(msgspec.Struct, frozen=True, tag_field="verb", forbid_unknown_fields=True):
    """Something that a driver, an installer or a test does to a simulated station."""

    typed_rest: ClassVar[bool] = False
    """At the prompt the last argument takes the rest of the line, blanks and all; it may be empty."""

    @abstractmethod
    def act(self, stage: Stage) -> None:
        """Do it, now.

        Raises:
            ImpossibleHappening: it cannot be done as things stand; in words for people.
        """


class Argument(msgspec.Struct, frozen=True, kw_only=True):
    """One argument of a verb."""

    name: str
    type: type
    """int, float, bool, str or an Enum."""
    required: bool
    default: Any
    help: str


class Verb:
    """One row of the table: a name, its arguments, its help, and the action that it makes."""

    def __init__(self, action: type[Action]) -> None:
        self.action = action
        self.name = str(action.__struct_config__.tag)
        self.help = (getdoc(action) or "").partition("\n")[0]
        hints = get_type_hints(action, include_extras=True)
        self.arguments = tuple(
            _argument(field, hints[field.name]) for field in msgspec.structs.fields(action)
        )

    def read(self, arguments: Mapping[str, object], *, strict: bool = True) -> Action:
        """The action with these arguments, by name; unless `strict` also from texts, as in "2" or "true".

        Raises:
            Misunderstood: an argument is missing, unknown or of the wrong kind; names it.
        """
        known = [argument.name for argument in self.arguments]
        if unknown := [name for name in arguments if name not in known]:
            takes = ", ".join(known) or "nothing"
            raise Misunderstood(f"{self.name!r} has no argument {unknown[0]!r}; it takes {takes}")
        for argument in self.arguments:
            if argument.required and argument.name not in arguments:
                raise Misunderstood(
                    f"{self.name!r} needs its {argument.name.replace('_', ' ')}: {argument.help}"
                )
        given = {name: self._member(name, value) for name, value in arguments.items()}
        try:
            return msgspec.convert(given, self.action, strict=strict)
        except msgspec.ValidationError as error:
            text, _, path = str(error).partition(" - at `$.")
            where = f"{path.rstrip('`')}: " if path else ""
            raise Misunderstood(f"{self.name!r}: {where}{text[0].lower()}{text[1:]}") from None

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the arguments, whole in itself."""
        _, parts = msgspec.json.schema_components([self.action], ref_template="#/$defs/{name}")
        body: dict[str, Any] = parts.pop(self.action.__name__)
        del body["properties"]["verb"]
        body["required"] = [name for name in body["required"] if name != "verb"]
        body["additionalProperties"] = False
        return body | ({"$defs": parts} if parts else {})

    def _member(self, name: str, value: object) -> object:
        """A word of an enumeration however it is written; anything else as it is."""
        argument = next(one for one in self.arguments if one.name == name)
        if not isinstance(value, str) or not issubclass(argument.type, Enum):
            return value
        members = [str(member.value) for member in argument.type]
        for member in members:
            if member.casefold() == value.casefold():
                return member
        what = argument.name.replace("_", " ")
        raise Misunderstood(f"no {what} is called {value!r}; there are {', '.join(members)}")


def table_of(*actions: type[Action]) -> dict[str, Verb]:
    """The table of these actions, by verb."""
    verbs = [Verb(action) for action in actions]
    return {verb.name: verb for verb in verbs}


def _argument(field: msgspec.structs.FieldInfo, hint: Any) -> Argument:
    described = ""
    kind = hint
    while get_origin(kind) in (Annotated, Union, UnionType):
        if get_origin(kind) is Annotated:
            kind, *metas = get_args(kind)
            described = next((one.description for one in metas if one.description), described)
        else:
            kind = next(one for one in get_args(kind) if one is not NoneType)
    return Argument(
        name=field.name,
        type=kind,
        required=field.required,
        default=None if field.required else field.default,
        help=described,
    )
