"""The makes of a scenario's stations, from its file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from voltline.station.simulator.options import StationOptions
from voltline.station.simulator.station import SimulatedStation
from voltline.station.simulator.templates import templates
from voltline.station.simulator.yaml_text import (
    Entry,
    Findings,
    Mapping,
    Node,
    Scalar,
    Sequence,
    shown,
    unknown,
)

NOT_FOR_FILES = frozenset({"seed", "auto", "speed", "defaults", "vendor_keys"})
"""Options of a station that belong to a run, not to a file."""


def station_options(node: Node, findings: Findings) -> StationOptions:
    """The options that a mapping describes; what is wrong with it goes to the findings."""
    if isinstance(node, Scalar) and node.value is None:
        return StationOptions()
    if not isinstance(node, Mapping):
        findings.add(node.place, f"a station is described by a mapping, not by {shown(node)}")
        return StationOptions()
    fields = {field.encode_name: field for field in msgspec.structs.fields(StationOptions)}
    values: dict[str, Any] = {}
    made = node.entries.get("template")
    for name, entry in node.entries.items():
        if entry is made:
            continue
        if name not in fields or name in NOT_FOR_FILES:
            names = ["template", *(one for one in fields if one not in NOT_FOR_FILES)]
            findings.add(entry.key_place, unknown("property of a station", name, names))
            continue
        try:
            values[name] = msgspec.convert(_plain(name, entry.node), fields[name].type, strict=False)
        except msgspec.ValidationError as error:
            findings.add(entry.node.place, f"{name}: {error}")
    options = _made(made, values, findings)
    try:
        SimulatedStation("ws://localhost/", "CP", options)
    except ValueError as error:
        findings.add(node.place, str(error))
    return options


def _made(entry: Entry | None, values: dict[str, Any], findings: Findings) -> StationOptions:
    """The make of a template, with its habits, but for what is said beside it."""
    if entry is None:
        return msgspec.structs.replace(StationOptions(), **values)
    name = entry.node.text if isinstance(entry.node, Scalar) else ""
    known = templates()
    if name in known:
        return known[name].options(**{"quirky": True, **values})
    findings.add(entry.node.place, unknown("template", name, known))
    return StationOptions()


def _plain(name: str, node: Node) -> Any:
    """The value of a station's property as msgspec takes it; keys of the configuration as pairs."""
    if isinstance(node, Mapping):
        pairs = {key: _plain(key, entry.node) for key, entry in node.entries.items()}
        if name != "configuration":
            return pairs
        return [(key, _configured(entry.node)) for key, entry in node.entries.items()]
    if isinstance(node, Sequence):
        return [_plain(name, item) for item in node.items]
    return node.value if node.value is None else node.text


def _configured(node: Node) -> str:
    """A list of words is written with commas between, as the keys of OCPP have it."""
    parts: Iterable[Node] = node.items if isinstance(node, Sequence) else (node,)
    return ",".join(part.text for part in parts if isinstance(part, Scalar))
