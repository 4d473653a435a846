"""Scenarios from files, understood whole before anything runs: every problem is told with its place."""

from __future__ import annotations

from enum import Enum
from typing import Any

import msgspec

from voltline.messages import ErrorCode, Request, Side, action_of
from voltline.messages.shapes import shape_of
from voltline.station.core.happenings import Failure
from voltline.station.simulator.actions import VERBS, Misunderstood, Verb
from voltline.station.simulator.options import StationOptions
from voltline.station.simulator.scenario.expectations import (
    Anything,
    Reading,
    check_path,
    messages_of,
    state_fields,
)
from voltline.station.simulator.scenario.makes import station_options
from voltline.station.simulator.scenario.steps import (
    COMMON,
    CONVERT,
    STEPS,
    Argument,
    Kind,
    Step,
    StepKind,
    step_names,
)
from voltline.station.simulator.scenario.values import Misread, Template, seconds
from voltline.station.simulator.yaml_text import (
    Entry,
    Findings,
    Mapping,
    Node,
    Place,
    Scalar,
    Sequence,
    read_yaml,
    shown,
    unknown,
)

WITHIN_S = 10.0
OWN_VARIABLES = ("id", "round")
"""Variables that every scenario has: the identity of the station, the round of `repeat`."""

FAILURES = (*ErrorCode, *(one.value for one in Failure if one is not Failure.REFUSED))
"""What may stand in `error`."""

_HEAD = ("about", "within", "switched_on", "variables", "station", "stations", "steps")


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario, ready to run."""

    source: str
    about: str
    within_s: float
    """How long a step may take that does not say."""
    switched_on: bool
    """Whether the stations are switched on before the first step."""
    variables: dict[str, Any]
    stations: dict[str, StationOptions]
    """By name; the name is empty where there is but one."""
    steps: tuple[Step, ...]


def read_scenario(source: str, text: str) -> Scenario:
    """The scenario in the text of a file called `source`.

    Raises:
        Unreadable: it is none; names every problem with file, line and column.
    """
    reader = _ScenarioReader(Findings(source))
    scenario = reader.scenario(read_yaml(source, text))
    reader.findings.settle()
    return scenario


class _ScenarioReader(Reading):
    def __init__(self, findings: Findings) -> None:
        super().__init__(findings)
        self.variables |= set(OWN_VARIABLES)
        self._stations: dict[str, StationOptions] = {}
        self._count = 0

    # ---- the head

    def scenario(self, node: Node) -> Scenario:
        if not isinstance(node, Mapping):
            self.findings.add(node.place, f"a scenario is a mapping with {', '.join(_HEAD)}")
            self.findings.settle()
            raise AssertionError("settling raises what was found")
        head = node.entries
        for name, entry in head.items():
            if name not in _HEAD:
                self.findings.add(entry.key_place, unknown("part of a scenario", name, _HEAD))
        about = head.get("about")
        if about is None or not isinstance(about.node, Scalar) or not about.node.text.strip():
            place = node.place if about is None else about.node.place
            self.findings.add(place, "'about' has to say in a sentence what the scenario is about")
        self._read_stations(head.get("station"), head.get("stations"))
        variables = self._read_variables(head["variables"].node) if "variables" in head else {}
        within_s = self._single(head["within"].node, Kind.DURATION) if "within" in head else WITHIN_S
        steps: tuple[Step, ...] = ()
        if "steps" in head:
            steps = self._read_steps(head["steps"].node)
        else:
            self.findings.add(node.place, "'steps' are missing: the list of what happens")
        return Scenario(
            source=self.findings.source,
            about=" ".join(about.node.text.split()) if about and isinstance(about.node, Scalar) else "",
            switched_on=self._flag(head.get("switched_on")),
            within_s=within_s if isinstance(within_s, float) else WITHIN_S,
            variables=variables,
            stations=self._stations,
            steps=steps,
        )

    def _read_variables(self, node: Node) -> dict[str, Any]:
        if not isinstance(node, Mapping):
            self.findings.add(node.place, f"variables are written as name: value, not as {shown(node)}")
            return {}
        variables = {}
        for name, entry in node.entries.items():
            if not name.isidentifier() or name in OWN_VARIABLES or name == "now":
                self.findings.add(entry.key_place, f"{name!r} cannot be the name of a variable")
            variables[name] = self.tree(entry.node)
            self.variables.add(name)
        return variables

    def _flag(self, entry: Entry | None) -> bool:
        value = True if entry is None else entry.node.value if isinstance(entry.node, Scalar) else None
        if entry is not None and not isinstance(value, bool):
            self.findings.add(entry.node.place, f"{shown(entry.node)} stands where true or false is expected")
        return value is not False

    def _read_stations(self, one: Entry | None, several: Entry | None) -> None:
        if one is not None and several is not None:
            self.findings.add(several.key_place, "either 'station' or 'stations', not both")
        if several is None:
            self._stations[""] = StationOptions() if one is None else station_options(one.node, self.findings)
            return
        if not isinstance(several.node, Mapping) or not several.node.entries:
            self.findings.add(several.node.place, "'stations' holds a mapping for each station, by its name")
            self._stations[""] = StationOptions()
            return
        for name, entry in several.node.entries.items():
            if not name.isidentifier():
                self.findings.add(entry.key_place, f"{name!r} cannot be the name of a station; take letters")
            self._stations[name] = station_options(entry.node, self.findings)
            self.variables.add(f"{name}.id")

    # ---- steps

    def _read_steps(self, node: Node) -> tuple[Step, ...]:
        if not isinstance(node, Sequence) or not node.items:
            self.findings.add(node.place, f"{shown(node)} stands where {Kind.STEPS.value} is expected")
            return ()
        return tuple(step for item in node.items if (step := self._step(item)) is not None)

    def _step(self, node: Node) -> Step | None:
        self._count += 1
        number = self._count
        if isinstance(node, Scalar) and node.value is not None:  # `- online`
            node = Mapping(node.place, {node.text: Entry(node.place, Scalar(node.place, ""))})
        if not isinstance(node, Mapping):
            self.findings.add(node.place, f"{shown(node)} is no step; a step is written as - verb: arguments")
            return None
        kinds = [name for name in node.entries if name not in COMMON]
        if len(kinds) != 1:
            text = "one step does one thing" if kinds else "this step does nothing"
            several = (
                f", not {' and '.join(map(repr, kinds))}; indent what belongs to the first" if kinds else ""
            )
            self.findings.add(node.place, text + several)
            return None
        kind, entry = kinds[0], node.entries[kinds[0]]
        arguments: dict[str, Any] | None
        if kind in STEPS:
            arguments = self._arguments(STEPS[kind], entry.node)
        elif kind in VERBS:
            arguments = self._verb(VERBS[kind], entry.node)
        else:
            self.findings.add(entry.key_place, unknown("step", kind, step_names()))
            return None
        name = node.entries.get("name")
        return Step(
            kind=kind,
            arguments=arguments,
            place=entry.key_place,
            number=number,
            station=self._which(node.entries.get("station"), entry.key_place, kind),
            name=name.node.text if name and isinstance(name.node, Scalar) else "",
        )

    def _which(self, entry: Entry | None, place: Place, kind: str) -> str:
        names = [name for name in self._stations if name]
        if entry is None:
            if names and kind not in ("let", "pause", "say", "repeat", "chance", "together", "request"):
                self.findings.add(place, f"say which station with station: {' or '.join(names)}")
            return names[0] if names else ""
        word = entry.node.text if isinstance(entry.node, Scalar) else ""
        if word not in names:
            text = unknown("station", word, names) if names else "there is but one station; leave this away"
            self.findings.add(entry.node.place, text)
        return word

    def _verb(self, verb: Verb, node: Node) -> dict[str, Any]:
        known = [argument.name for argument in verb.arguments]
        entries = self._entries(verb.name, known, node)
        texts = {name: self._scalar(entry.node) for name, entry in entries.items()}
        sample = dict(texts)
        for argument in verb.arguments:
            if isinstance(texts.get(argument.name), Template):
                sample[argument.name] = _sample(argument.type)
        try:
            verb.read({name: one for name, one in sample.items() if name in known}, strict=False)
        except Misunderstood as error:
            self.findings.add(node.place, str(error))
        return texts

    def _scalar(self, node: Node) -> str | Template:
        if isinstance(node, Scalar):
            return self.text(node)
        self.findings.add(node.place, f"{shown(node)} stands where one value is expected")
        return ""

    def _entries(self, step: str, known: list[str], node: Node, state: bool = False) -> dict[str, Entry]:
        """The arguments by name; a single value is the first one."""
        if isinstance(node, Scalar | Sequence):
            if isinstance(node, Scalar) and node.value is None:
                return {}
            if not known:
                self.findings.add(node.place, f"{step!r} takes nothing behind it")
                return {}
            return {known[0]: Entry(node.place, node)}
        for name, entry in node.entries.items():
            if name not in known and not (state and name in state_fields()):
                every = [*known, *(state_fields() if state else ())]
                if every:
                    self.findings.add(entry.key_place, unknown(f"argument of {step!r}", name, every))
                else:
                    self.findings.add(entry.key_place, f"{step!r} takes no arguments")
        return node.entries

    def _arguments(self, kind: StepKind, node: Node) -> dict[str, Any]:
        if kind.free:
            return self._read_variables(node)
        known = [argument.name for argument in kind.arguments]
        entries = self._entries(kind.name, known, node, kind.state)
        request = self._request(kind, entries)
        values: dict[str, Any] = {}
        for argument in kind.arguments:
            if argument.name in entries:
                values[argument.name] = self._argument(argument, entries[argument.name].node, request)
            elif argument.required:
                self.findings.add(node.place, f"{kind.name!r} needs {argument.name!r}: {argument.help}")
        if "with" not in entries and "action" in entries and request is not None:
            values["with"] = self.payload(Mapping(node.place, {}), request)
        if kind.state:
            state = {name: self.state(name, entry.node) for name, entry in entries.items()}
            values["state"] = {name: pattern for name, pattern in state.items() if pattern is not None}
            if not values["state"]:
                self.findings.add(node.place, f"{kind.name!r} needs a state, such as status: Charging")
        return values

    def _request(self, kind: StepKind, entries: dict[str, Entry]) -> type[Request[Any]] | None:
        for argument in kind.arguments:
            if argument.kind in (Kind.OWN_MESSAGE, Kind.COMMAND) and argument.name in entries:
                node = entries[argument.name].node
                side = Side.CHARGE_POINT if argument.kind is Kind.OWN_MESSAGE else Side.CENTRAL_SYSTEM
                messages = messages_of(side)
                word = node.text if isinstance(node, Scalar) else ""
                if word in messages:
                    return messages[word]
                who = "a charge point" if side is Side.CHARGE_POINT else "a central system"
                self.findings.add(node.place, unknown(f"message of {who}", word, messages))
        return None

    def _argument(self, argument: Argument, node: Node, request: type[Request[Any]] | None) -> Any:
        match argument.kind:
            case Kind.OWN_MESSAGE | Kind.COMMAND:
                return node.text if isinstance(node, Scalar) else ""
            case Kind.REQUEST_FIELDS:
                shape = None if request is None else shape_of(request)
                return self.fields(node, shape, argument.kind.value)
            case Kind.ANSWER_FIELDS:
                answer: Any = None if request is None else action_of(request).response
                shape = None if answer is None else shape_of(answer)
                return self.fields(node, shape, argument.kind.value)
            case Kind.JSON_FIELDS:
                return self.fields(node, Anything, argument.kind.value)
            case Kind.PAYLOAD:
                return {} if request is None else self.payload(node, request)
            case Kind.JSON:
                return self.tree(node)
            case Kind.SAVE:
                return self._save(node, request)
            case Kind.STATUS_CODES:
                nodes = node.items if isinstance(node, Sequence) else (node,)
                return [self._single(one, Kind.STATUS_CODES) for one in nodes]
            case Kind.STEPS:
                return self._read_steps(node)
            case Kind.BRANCHES:
                return self._branches(node)
        value = self._single(node, argument.kind)
        if argument.name == "error" and isinstance(value, str) and value not in FAILURES:
            self.findings.add(node.place, unknown("error", value, FAILURES))
        return value

    def _single(self, node: Node, kind: Kind) -> Any:
        value = self._scalar(node)
        if isinstance(value, Template):
            return value
        try:
            return CONVERT[kind](value)
        except Misread as error:
            self.findings.add(node.place, str(error))
            return seconds("0") if kind is Kind.DURATION else value

    def _branches(self, node: Node) -> tuple[tuple[Step, ...], ...]:
        if not isinstance(node, Sequence):
            self.findings.add(node.place, f"{shown(node)} stands where {Kind.BRANCHES.value} is expected")
            return ()
        return tuple(self._read_steps(item) for item in node.items)

    def _save(self, node: Node, request: type[Request[Any]] | None) -> dict[str, str]:
        if not isinstance(node, Mapping):
            self.findings.add(node.place, f"{shown(node)} stands where {Kind.SAVE.value}, is expected")
            return {}
        saved = {}
        for name, entry in node.entries.items():
            path = entry.node.text if isinstance(entry.node, Scalar) else ""
            if not name.isidentifier() or name in OWN_VARIABLES:
                self.findings.add(entry.key_place, f"{name!r} cannot be the name of a variable")
            try:
                if request is not None and path.startswith("answer."):
                    check_path(action_of(request).response, path.removeprefix("answer."))
                elif request is not None:
                    check_path(request, path)
            except Misread as error:
                self.findings.add(entry.node.place, str(error))
            self.variables.add(name)
            saved[name] = path
        return saved


def _sample(kind: type) -> str:
    if issubclass(kind, Enum):
        return str(next(iter(kind)).value)
    return "true" if issubclass(kind, bool) else "1"
