"""Makes docs/reference/scenarios.md of the tables that reading and running obey."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import Enum
from inspect import getdoc
from typing import Any

import msgspec

from voltline.station.simulator.actions import VERBS, Verb
from voltline.station.simulator.options import StationOptions
from voltline.station.simulator.scenario import values
from voltline.station.simulator.scenario.expectations import state_fields, station_fields
from voltline.station.simulator.scenario.library import shipped, shipped_texts
from voltline.station.simulator.scenario.makes import NOT_FOR_FILES
from voltline.station.simulator.scenario.matching import OPERATORS
from voltline.station.simulator.scenario.reading import WITHIN_S
from voltline.station.simulator.scenario.steps import STEPS, StepKind

_HEAD = f"""# Scenarios: reference

What may stand in a scenario's file; how to write and run one is in [scenarios](../howto/scenarios.md).
This page is made by `python -m voltline.station.simulator.scenario.reference_page`.

## The file

| part | holds |
|---|---|
| `about` | a sentence, which `voltline station run --list` shows; required |
| `steps` | the list of what happens; required |
| `station` | the make of the one station there is, see [below](#stations) |
| `stations` | in its place: several, each by a name of its own |
| `variables` | names and values |
| `within` | how long a step may take that does not say; {WITHIN_S:g} s if nothing is said |
| `switched_on` | false: the stations are off until `switch_on` |

It is a plain kind of YAML: `on` and `0492` are texts, dates too; anchors, tags and merge keys are refused.

## Steps

A step is one word and its arguments: `- word: {{argument: value}}`, `- word: value` where only the first
is needed, `- word` where none is. `name: TEXT` beside the word says what reports call it, `station: NAME`
which of several stations is meant.
"""

_VERBS = """## Verbs

What drivers, installers and mishaps do to a station: the same words, with the same arguments, as at the
prompt of `voltline station` and in its control API. A verb is done at once; what comes of it is for the
steps after it to find out. One that cannot be done as things stand fails.

| verb | does | arguments |
|---|---|---|"""

_EXPECTED = """## What can be expected

Of a message its fields by their names on the wire, nested or by a dotted path; of a list, one of its items
has to fit. Of the state of a connector, or with `connector_id: 0` of the station itself:

| state | of | words |
|---|---|---|"""

_COMPARISONS = """
`configuration` takes keys and their values. In the place of a value may stand comparisons, all of which have
to hold, as in `{above: 0, at_most: 11000}`:

| comparison | holds if the value is | takes |
|---|---|---|"""

_OWN_VARIABLES = """
`id` is the identity of the station that the step is about (`NAME.id` of each of several), `round` the
round of `repeat`. YAML wants quotes around a value with `{` in it between braces.
"""

_STATIONS = """## Stations

`template` names a make of `voltline station --templates`, with its habits; what is said beside it counts
more.

| property | default |
|---|---|"""


def page() -> str:
    """The whole page."""
    parts = [_HEAD]
    for kind in STEPS.values():
        parts += _step(kind)
    parts += [_VERBS, *(_verb(verb) for verb in VERBS.values()), ""]
    parts += _expected()
    parts += _variables()
    parts += _stations()
    parts += ["## Those that come with Voltline", "", "| name | about |", "|---|---|"]
    parts += [f"| `{name}` | {_cell(shipped(name).about)} |" for name in shipped_texts()]
    return "\n".join(parts) + "\n"


def _step(kind: StepKind) -> Iterator[str]:
    yield f"### {kind.name}\n"
    yield f"{kind.help}\n"
    if kind.arguments:
        yield "| argument | takes | means |"
        yield "|---|---|---|"
        for one in kind.arguments:
            note = " (required)" if one.required else f" (default: {one.default})" if one.default else ""
            yield f"| `{one.name}` | {one.kind.value} | {_cell(one.help + note)} |"
        yield ""
    yield "\n".join(f"    {line}" for line in kind.example.splitlines()) + "\n"


def _verb(verb: Verb) -> str:
    arguments = []
    for one in verb.arguments:
        given = "" if one.required or one.default in (None, "") else f" = {_word(one.default)}"
        arguments.append(f"`{one.name}{given}`" + ("" if one.required or given else " (may be left out)"))
    return f"| `{verb.name}` | {_cell(verb.help)} | {', '.join(arguments)} |"


def _expected() -> Iterator[str]:
    yield _EXPECTED
    own = station_fields()
    for name, words in sorted(state_fields().items()):
        yield f"| `{name}` | {'station' if name in own else 'connector'} | {', '.join(words)} |"
    yield _COMPARISONS
    for name, operator in OPERATORS.items():
        yield f"| `{name}` | {operator.help} | {operator.takes} |"
    yield ""


def _variables() -> Iterator[str]:
    yield "## Variables\n"
    yield getdoc(values) or ""
    yield _OWN_VARIABLES


def _stations() -> Iterator[str]:
    yield _STATIONS
    for field in msgspec.structs.fields(StationOptions):
        if field.encode_name not in NOT_FOR_FILES:
            yield f"| `{field.encode_name}` | {_cell(_word(field.default))} |"
    yield ""


def _word(value: Any) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list | frozenset):
        return ", ".join(_word(one) for one in value)
    return (
        ""
        if value is None or value is msgspec.NODEFAULT
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(page())
