"""The steps that a scenario has beside the verbs: one table, which reading obeys and the reference shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

import msgspec

from voltline.station.simulator.actions import VERBS
from voltline.station.simulator.scenario.values import Misread, seconds
from voltline.station.simulator.yaml_text import Place

MOST_TIMES = 10_000


class Kind(Enum):
    """What may stand in an argument; the text says it in the reference and in complaints."""

    TEXT = "a text"
    DURATION = "a duration such as 2 s, 500 ms or 5 min"
    TIMES = f"a whole number from 1 to {MOST_TIMES}"
    PERCENT = "a number from 0 to 100"
    CONNECTOR = "the number of a connector, or 0 for the station itself"
    STATUS_CODES = "a status of HTTP from 100 to 599, or a list of them"
    METHOD = "GET, POST, PUT, PATCH or DELETE"
    SINCE = "action or start"
    OWN_MESSAGE = "an action that a charge point sends"
    COMMAND = "an action that a central system sends"
    REQUEST_FIELDS = "expected fields of the request"
    ANSWER_FIELDS = "expected fields of the answer"
    JSON_FIELDS = "expected fields of the JSON"
    PAYLOAD = "the fields of the request"
    JSON = "any JSON"
    SAVE = "variables, each with the path of a value"
    STEPS = "a list of steps"
    BRANCHES = "a list of lists of steps"


class Argument(msgspec.Struct, frozen=True, kw_only=True):
    """One argument of a step."""

    name: str
    kind: Kind
    help: str
    required: bool = False
    default: str = ""
    """In the words of the reference; nothing where leaving it out means nothing."""


class StepKind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of step."""

    name: str
    help: str
    arguments: tuple[Argument, ...] = ()
    state: bool = False
    """Takes fields of the station's state as well."""
    free: bool = False
    """Takes variables: any names with any values."""
    example: str
    """As it stands in a list of steps."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a scenario as it was read; `arguments` may hold templates."""

    kind: str
    arguments: dict[str, Any]
    place: Place
    number: int
    """From 1, in the order of the file."""
    station: str
    """Which one; empty where there is but one."""
    name: str = ""


_WITHIN = Argument(
    name="within", kind=Kind.DURATION, help="how long it may take", default="`within` of the scenario"
)
_SAVE = Argument(
    name="save", kind=Kind.SAVE, help="put values into variables; `answer.` before those of the answer"
)
_SINCE = Argument(
    name="since",
    kind=Kind.SINCE,
    help="look at messages since the last action (a verb, `command` or `request`), or since the start; "
    "one that an earlier step has found is not found again",
    default="action",
)

_ALL = (
    StepKind(
        name="wait",
        help="Wait until the station stands as described.",
        arguments=(
            Argument(name="connector_id", kind=Kind.CONNECTOR, help="whose state is meant", default="1"),
            _WITHIN,
        ),
        state=True,
        example="- wait: {connector_id: 1, status: Charging, energy_wh: {at_least: 1}}",
    ),
    StepKind(
        name="expect",
        help="The station stands as described now.",
        arguments=(
            Argument(name="connector_id", kind=Kind.CONNECTOR, help="whose state is meant", default="1"),
        ),
        state=True,
        example="- expect: {online: true, configuration: {HeartbeatInterval: 300}}",
    ),
    StepKind(
        name="switch_on",
        help="Switch the station on. At the start all are, unless the scenario says `switched_on: false`.",
        example="- switch_on",
    ),
    StepKind(
        name="switch_off",
        help="Switch it off in good order: transactions are ended and delivered first.",
        example="- switch_off",
    ),
    StepKind(
        name="sent",
        help="The station has sent such a message and has its answer, or will within the time.",
        arguments=(
            Argument(name="message", kind=Kind.OWN_MESSAGE, help="which one", required=True),
            Argument(name="with", kind=Kind.REQUEST_FIELDS, help="what it says"),
            Argument(name="answer", kind=Kind.ANSWER_FIELDS, help="what it was answered with"),
            Argument(
                name="error",
                kind=Kind.TEXT,
                help="the code it was refused with, or `timeout`, `connection lost`, `unreadable answer`",
            ),
            _SAVE,
            _SINCE,
            _WITHIN,
        ),
        example="- sent:\n    message: StartTransaction\n    with: {connectorId: 1, idTag: $tag}\n"
        "    answer: {idTagInfo.status: Accepted}\n    save: {transaction: answer.transactionId}",
    ),
    StepKind(
        name="received",
        help="The central system has sent such a message, or will within the time.",
        arguments=(
            Argument(name="message", kind=Kind.COMMAND, help="which one", required=True),
            Argument(name="with", kind=Kind.REQUEST_FIELDS, help="what it says"),
            Argument(name="answer", kind=Kind.ANSWER_FIELDS, help="what the station answered"),
            Argument(name="error", kind=Kind.TEXT, help="the error code the station refused it with"),
            _SAVE,
            _SINCE,
            _WITHIN,
        ),
        example="- received: {message: Reset, with: {type: Soft}, answer: {status: Accepted}}",
    ),
    StepKind(
        name="not_sent",
        help="The station sends no such message for so long, and has not since the last action.",
        arguments=(
            Argument(name="message", kind=Kind.OWN_MESSAGE, help="which one", required=True),
            Argument(name="with", kind=Kind.REQUEST_FIELDS, help="what it would say"),
            Argument(name="for", kind=Kind.DURATION, help="for how long", default="0 s"),
            Argument(name="since", kind=Kind.SINCE, help="from when on", default="action"),
        ),
        example="- not_sent: {message: StartTransaction, for: 500 ms}",
    ),
    StepKind(
        name="command",
        help="The central system sends the station a message: by the REST API of Voltline, or, with "
        "`--by-hand`, by whoever runs it, who is told and waited for.",
        arguments=(
            Argument(name="action", kind=Kind.COMMAND, help="which one", required=True),
            Argument(name="with", kind=Kind.PAYLOAD, help="what it says"),
            Argument(name="answer", kind=Kind.ANSWER_FIELDS, help="what the station answers"),
            Argument(name="error", kind=Kind.TEXT, help="the error code the station refuses it with"),
            _SAVE,
            _WITHIN,
        ),
        example="- command:\n    action: RemoteStartTransaction\n    with: {connectorId: 1, idTag: $tag}\n"
        "    answer: {status: Accepted}",
    ),
    StepKind(
        name="request",
        help="Ask the REST API of Voltline for something else than a message.",
        arguments=(
            Argument(name="method", kind=Kind.METHOD, help="the method", default="GET"),
            Argument(name="path", kind=Kind.TEXT, help="the path behind /api/v1/", required=True),
            Argument(name="body", kind=Kind.JSON, help="what is sent; a text goes as it stands"),
            Argument(
                name="status", kind=Kind.STATUS_CODES, help="the status of the answer", default="200 to 299"
            ),
            Argument(name="answer", kind=Kind.JSON_FIELDS, help="what is answered; asked again until it is"),
            _SAVE,
            _WITHIN,
            Argument(
                name="by_hand",
                kind=Kind.TEXT,
                help="what to tell a person to do with `--by-hand`; without it the step is left out then",
            ),
        ),
        example="- request:\n    method: PUT\n    path: id-tags/$tag\n    body: {parent_id_tag: $group}\n"
        "    by_hand: register id tag $tag in group $group",
    ),
    StepKind(
        name="let",
        help="Put values into variables.",
        free=True,
        example='- let: {tag: "${hex 14}", connector: "${between 1 2}"}',
    ),
    StepKind(
        name="pause",
        help="Let time pass.",
        arguments=(Argument(name="for", kind=Kind.DURATION, help="how much", required=True),),
        example="- pause: ${between 1 3} s",
    ),
    StepKind(
        name="say",
        help="Tell whoever looks on.",
        arguments=(Argument(name="text", kind=Kind.TEXT, help="what", required=True),),
        example="- say: now comes the second car",
    ),
    StepKind(
        name="repeat",
        help="Take the steps several times; `$round` counts from 1.",
        arguments=(
            Argument(name="times", kind=Kind.TIMES, help="how often", required=True),
            Argument(name="steps", kind=Kind.STEPS, help="which", required=True),
        ),
        example="- repeat:\n    times: 3\n    steps:\n      - plug: 1\n      - unplug: 1",
    ),
    StepKind(
        name="chance",
        help="Take the steps or leave them, as the seed has it.",
        arguments=(
            Argument(name="percent", kind=Kind.PERCENT, help="how likely", required=True),
            Argument(name="steps", kind=Kind.STEPS, help="which", required=True),
            Argument(name="otherwise", kind=Kind.STEPS, help="steps to take instead"),
        ),
        example="- chance:\n    percent: 30\n    steps:\n      - fault: {error_code: HighTemperature}\n"
        "      - clear: 1",
    ),
    StepKind(
        name="together",
        help="Take several lists of steps at the same time, and go on when all are through.",
        arguments=(Argument(name="branches", kind=Kind.BRANCHES, help="the lists", required=True),),
        example="- together:\n    - - start: {connector_id: 1, id_tag: $tag}\n"
        "    - - start: {connector_id: 2, id_tag: $other}",
    ),
)

STEPS: Mapping[str, StepKind] = {kind.name: kind for kind in _ALL}
"""Every step that is no verb, by name."""

COMMON = ("station", "name")
"""What may stand beside any step: which station it is about, and what it is called in reports."""


def step_names() -> list[str]:
    """Everything that a step may be."""
    return [*STEPS, *VERBS]


def _whole(least: int, most: int, kind: Kind) -> Callable[[Any], int]:
    def convert(value: Any) -> int:
        if isinstance(value, str) and value.isdecimal():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise Misread(f"{value!r} is not {kind.value}")
        return value

    return convert


def _percent(value: Any) -> float:
    try:
        number = float("nan" if isinstance(value, bool) else value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number <= 100:
        raise Misread(f"{value!r} is not {Kind.PERCENT.value}")
    return number


def _one_of(*words: str) -> Callable[[Any], str]:
    def convert(value: Any) -> str:
        for word in words:
            if str(value).casefold() == word.casefold():
                return word
        raise Misread(f"{value!r} is none of {', '.join(words)}")

    return convert


def _text(value: Any) -> str:
    return "" if value is None else str(value)


CONVERT: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.TEXT: _text,
    Kind.DURATION: seconds,
    Kind.TIMES: _whole(1, MOST_TIMES, Kind.TIMES),
    Kind.PERCENT: _percent,
    Kind.CONNECTOR: _whole(0, 99, Kind.CONNECTOR),
    Kind.STATUS_CODES: _whole(100, 599, Kind.STATUS_CODES),
    Kind.METHOD: _one_of("GET", "POST", "PUT", "PATCH", "DELETE"),
    Kind.SINCE: _one_of("action", "start"),
}
"""How a single value becomes what the step needs. Each raises Misread."""
