"""Sites from YAML files: fuses, connectors, and what happens there when it is simulated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping as AnyMapping
from importlib.resources import files
from typing import Any

import msgspec

from voltline.siting.drivers import DriverGroup
from voltline.smart_charging.site.settings import Settings
from voltline.smart_charging.site.tree import Connector, Fuse, InvalidSite, Rotation, Site, Wiring
from voltline.station.simulator.yaml_text import (
    Findings,
    Mapping,
    Node,
    Place,
    Scalar,
    Sequence,
    read_yaml,
)

SUFFIX = ".yaml"
_PLACE = re.compile(r"\.(\w+)|\[(\d+|\.\.\.)\]")


class ConnectorRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Connectors of one kind: `count` of them, with ids `id-1`, `id-2` and so on."""

    id: str
    fuse: str
    count: int = 1
    rotations: tuple[Rotation, ...] = (Rotation.RST,)
    """Dealt out in turn."""
    hardware_a: float = 32.0
    phases: int = 3
    least_a: float = 6.0
    priority: int = 0
    safe_a: float | None = None
    trusted: bool = True
    metered: bool = True
    keeps_clock: bool = True
    limits_phases: bool = False

    def connectors(self) -> Iterator[Connector]:
        """One by one."""
        shared = {name: getattr(self, name) for name in _SHARED}
        for number in range(self.count):
            id = f"{self.id}-{number + 1}" if self.count > 1 else self.id
            yield Connector(id=id, rotation=self.rotations[number % len(self.rotations)], **shared)


_SHARED = set(ConnectorRow.__struct_fields__) & set(Connector.__struct_fields__) - {"id"}


class Weather(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What goes wrong between the charge points and whoever steers them."""

    delay_s: float = 2.0
    """A message takes up to so long."""
    lost: float = 0.0
    """Share of messages that never arrive."""
    follow_s: float = 4.0
    """A current follows a new limit within so long."""
    clock_s: float = 5.0
    """By which clocks are wrong."""
    sample_s: float = 30.0
    """Between two meter readings."""
    offline_a_week: float = 0.0
    """How often each charge point loses its connection."""
    offline_s: float = 1200.0
    """And for how long, on average."""
    reboots_a_week: float = 0.0
    reboot_s: float = 60.0
    stubborn: int = 0
    """So many charge points accept less than they were lent before and give that all the same, until it
    lapses."""


class Others(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What else draws behind a metered fuse."""

    fuse: str
    hours_a: tuple[float, ...]
    """On each phase, for each hour of the day (24 numbers), interpolated."""
    bursts_a: float = 0.0
    """Something switches on now and then: up to so much more, on one phase."""
    bursts_an_hour: float = 0.0
    burst_s: float = 300.0
    sample_s: float = 5.0
    """Between two readings of the meter."""


class SiteFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file."""

    about: str
    name: str
    fuses: tuple[Fuse, ...]
    connectors: tuple[ConnectorRow, ...]
    drivers: tuple[DriverGroup, ...] = ()
    weather: Weather = Weather()
    settings: Settings = Settings()
    others: tuple[Others, ...] = ()
    solar_w: float = 0.0
    """What the roof gives at noon on a clear day."""
    prices: tuple[float, ...] = ()
    """Of a kilowatt-hour, for each hour of the day (24 numbers): a plan is made by them."""
    zone: str = "UTC"
    safe_part: float = 0.25
    imbalance_a: float | None = None
    first_weekday: int = 0
    """Day on which the simulation begins; 0 is Monday."""

    def site(self) -> Site:
        """What the controller needs of it."""
        return Site(
            name=self.name,
            fuses=self.fuses,
            connectors=tuple(one for row in self.connectors for one in row.connectors()),
            zone=self.zone,
            safe_part=self.safe_part,
            imbalance_a=self.imbalance_a,
        )


def read_site(source: str, text: str) -> SiteFile:
    """The site in the text of a file called `source`.

    Raises:
        Unreadable: it is none; names what is wrong with file, line and column.
    """
    node = read_yaml(source, text)
    findings = Findings(source)
    try:
        found = msgspec.convert(_plain(node), SiteFile)
    except msgspec.ValidationError as error:
        said, _, path = str(error).partition(" - at `")
        findings.add(_place(node, path.removesuffix("`")), f"{said} ({path.removesuffix('`') or 'the file'})")
        findings.settle()
        raise AssertionError("settling raises what was found") from None
    for path, sentence in _problems(found):
        findings.add(_place(node, "$." + path), f"{path}: {sentence}")
    findings.settle()
    return found


def shipped_texts() -> AnyMapping[str, str]:
    """The text of each site that comes with Voltline, by its name."""
    folder = files("voltline.siting").joinpath("sites")
    return dict(
        sorted(
            (one.name.removesuffix(SUFFIX), one.read_text("utf-8"))
            for one in folder.iterdir()
            if one.name.endswith(SUFFIX)
        )
    )


def _problems(found: SiteFile) -> Iterator[tuple[str, str]]:
    for number, row in enumerate(found.connectors):
        if row.count < 1 or not row.rotations:
            yield f"connectors[{number}]", "count is at least 1, and rotations are at least one"
            return
    rows = [number for number, row in enumerate(found.connectors) for _ in range(row.count)]
    try:
        Wiring(found.site())
    except InvalidSite as error:
        told: set[tuple[str, str]] = set()
        for path, sentence in error.problems:
            at = re.sub(r"connectors\[(\d+)\]", lambda one: f"connectors[{rows[int(one[1])]}]", path)
            if (at, sentence) not in told:
                told.add((at, sentence))
                yield at, sentence
    names = {fuse.name for fuse in found.fuses}
    for number, one in enumerate(found.others):
        if one.fuse not in names:
            yield (
                f"others[{number}].fuse",
                f"no fuse is called {one.fuse!r}; there are {', '.join(sorted(names))}",
            )
        if len(one.hours_a) != 24:
            yield (
                f"others[{number}].hours_a",
                f"24 numbers, one for each hour of the day, not {len(one.hours_a)}",
            )
    if found.prices and len(found.prices) != 24:
        yield "prices", f"24 numbers, one for each hour of the day, not {len(found.prices)}"
    for number, group in enumerate(found.drivers):
        yield from ((f"drivers[{number}].{at}", sentence) for at, sentence in group.problems())


def _plain(node: Node) -> Any:
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [_plain(item) for item in node.items]
    return {name: _plain(entry.node) for name, entry in node.entries.items()}


def _place(node: Node, path: str) -> Place:
    """Where in the file a path such as `$.fuses[2].above` is; as near as the file goes."""
    place = node.place
    for name, index in _PLACE.findall(path):
        if name and isinstance(node, Mapping) and name in node.entries:
            place, node = node.entries[name].key_place, node.entries[name].node
        elif index.isdigit() and isinstance(node, Sequence) and int(index) < len(node.items):
            node = node.items[int(index)]
            place = node.place
        else:
            break
    return place
