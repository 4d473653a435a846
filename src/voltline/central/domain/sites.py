"""Sites whose connectors share a grid connection: as an operator describes them, and as they are steered."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from voltline.base.ids import InvalidIdentity, folded, valid_identity
from voltline.central.domain.mqtt_meters import MqttSource, mqtt_problems
from voltline.central.domain.site_plans import PriceCurve
from voltline.central.domain.site_readings import Measures
from voltline.messages import ChargingRateUnit
from voltline.smart_charging.site.claims import Remembered
from voltline.smart_charging.site.controller import SiteController
from voltline.smart_charging.site.history import History, Moment
from voltline.smart_charging.site.settings import Settings
from voltline.smart_charging.site.tree import (
    LINE_VOLTAGE_V,
    Connector,
    Fuse,
    InvalidSite,
    Rotation,
    Site,
)

LEAST_VOLTAGE_V = 207.0
"""The least that a phase may have (EN 50160): with it, a limit in watts allows the most amperes."""
_NOTHING = (0.0, 0.0, 0.0)
PHASE_ROTATION = "ConnectorPhaseRotation"


class Member(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A connector of a charge point, as it is wired at a site; see `smart_charging.site.tree.Connector`."""

    charge_point: str
    connector: int
    fuse: str
    hardware_a: float = 32.0
    phases: int = 3
    rotation: Rotation | None = None
    """None: as the charge point says (ConnectorPhaseRotation); as long as that is not known, Unknown."""
    least_a: float = 6.0
    priority: int = 0
    safe_a: float | None = None
    trusted: bool = True
    metered: bool = True
    keeps_clock: bool = True
    limits_phases: bool = False
    solar_only: bool = False
    """Whether its cars charge with what the sun leaves over, unless somebody says otherwise."""

    @property
    def id(self) -> str:
        """As the controller calls it."""
        return member_id(self.charge_point, self.connector)


class MeterSource(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A charge point whose meter values tell what flows through a fuse, on L1, L2 and L3."""

    fuse: str
    charge_point: str
    connector: int = 0
    measures: Measures = Measures.TOTAL


class SiteDefinition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operator says of a site."""

    name: str
    fuses: tuple[Fuse, ...]
    connectors: tuple[Member, ...] = ()
    meters: tuple[MeterSource, ...] = ()
    mqtt: MqttSource | None = None
    zone: str = "UTC"
    safe_part: float = 0.25
    imbalance_a: float | None = None


class LeaseWay(Struct, frozen=True, kw_only=True):
    """How a charge point accepts a lease."""

    purpose: str
    unit: ChargingRateUnit
    stack_level: int


class ProfileIds(Struct, frozen=True):
    """The chargingProfileIds that a site uses on a connector."""

    safe: int
    lease: int


class SiteMemory(Struct, frozen=True, kw_only=True):
    """What has to outlive a restart, so that nothing that was lent is lent again."""

    connectors: dict[str, Remembered] = {}
    next_number: int = 1
    ways: dict[str, LeaseWay] = {}
    profile_ids: dict[str, ProfileIds] = {}
    prices: PriceCurve | None = None


class KeptSite(Struct, frozen=True, kw_only=True):
    """A site as it is stored."""

    id: int
    definition: SiteDefinition
    memory: SiteMemory
    created_at: datetime
    changed_at: datetime

    @property
    def name(self) -> str:
        """Unique, in any case."""
        return self.definition.name


class FusePoint(Struct, frozen=True, kw_only=True):
    """A fuse at a moment: for L1, L2 and L3, in ampere."""

    fuse: str
    rating_a: float
    capacity_a: tuple[float, ...]
    """What connectors may draw: the rating or the schedule, less others."""
    allocated_a: tuple[float, ...]
    """What connectors should have."""
    possible_a: tuple[float, ...]
    """The most that they may draw by all that was ever said to them."""
    measured_a: tuple[float, ...]
    """What they say that they draw."""


class SitePoint(Struct, frozen=True, kw_only=True):
    """A site at a moment."""

    at: datetime
    fuses: tuple[FusePoint, ...]


def recorded(definition: SiteDefinition, points: Iterable[SitePoint]) -> History:
    """The history of the fuses that the site has now, to be drawn; 0 A where one was not there yet."""
    names = [fuse.name for fuse in definition.fuses]
    nothing = FusePoint(
        fuse="",
        rating_a=0.0,
        capacity_a=_NOTHING,
        allocated_a=_NOTHING,
        possible_a=_NOTHING,
        measured_a=_NOTHING,
    )
    moments: list[Moment] = []
    for point in points:
        known = {one.fuse: one for one in point.fuses}
        fuses = [known.get(name, nothing) for name in names]
        moments.append(
            Moment(
                point.at.timestamp(),
                tuple(current for one in fuses for current in one.capacity_a),
                tuple(current for one in fuses for current in one.possible_a),
                tuple(current for one in fuses for current in one.measured_a),
            )
        )
    return History(
        site=definition.name,
        zone=definition.zone,
        lines=tuple(f"{name}, L{phase}" for name in names for phase in (1, 2, 3)),
        moments=tuple(moments),
    )


class SiteChanged(Struct, frozen=True, kw_only=True):
    """site.changed: it was added, changed or removed."""

    site: str
    change: str


class SiteAllocated(Struct, frozen=True, kw_only=True):
    """site.allocated: a connector has accepted another current; ampere per phase."""

    site: str
    connector_id: int
    transaction_id: int
    current_a: float
    unit: str
    until: datetime


class SiteFound(Struct, frozen=True, kw_only=True):
    """site.finding: something that somebody should look at."""

    site: str
    trouble: str
    subject: str
    text: str


def member_id(identity: str, connector: int) -> str:
    """The same for every spelling of the identity; no identity has a slash in it."""
    return f"{folded(identity)}/{connector}"


def name_key(name: str) -> str:
    """The form under which names of sites are compared."""
    return name.casefold()


class Learned(Struct, frozen=True, kw_only=True):
    """What is known of a member by what its charge point said."""

    rotation: Rotation | None = None
    in_watts: bool = False
    """Whether it takes watts alone."""
    one_takes_all: bool = False
    """Whether it lets a car on one phase have the watts that were meant for three."""
    clock_off: bool = False
    """Whether its clock is so wrong that no lease is known to lapse."""


def with_known_password(definition: SiteDefinition, before: SiteDefinition) -> SiteDefinition:
    """A password that is left out is the one before, as long as it goes to the same user and broker."""
    new, old = definition.mqtt, before.mqtt
    if new is None or old is None or new.password is not None:
        return definition
    if (new.address, new.user) != (old.address, old.user):
        return definition
    return replace(definition, mqtt=replace(new, password=old.password))


def tree_of(definition: SiteDefinition, learned: Mapping[str, Learned]) -> Site:
    """The site as the controller takes it."""
    return Site(
        name=definition.name,
        fuses=definition.fuses,
        connectors=tuple(_connector(one, learned.get(one.id, Learned())) for one in definition.connectors),
        zone=definition.zone,
        safe_part=definition.safe_part,
        imbalance_a=definition.imbalance_a,
    )


def _connector(one: Member, learned: Learned) -> Connector:
    connector = Connector(
        id=one.id,
        fuse=one.fuse,
        hardware_a=one.hardware_a,
        phases=one.phases,
        rotation=one.rotation or learned.rotation or Rotation.UNKNOWN,
        least_a=one.least_a,
        priority=one.priority,
        safe_a=one.safe_a,
        trusted=one.trusted,
        metered=one.metered,
        keeps_clock=one.keeps_clock and not learned.clock_off,
        limits_phases=one.limits_phases and not learned.in_watts,
    )
    if not learned.in_watts:
        return connector
    # What is told in watts of the least voltage is fewer amperes at the nominal one: still enough to charge.
    shared_by = one.phases if learned.one_takes_all else 1
    least_a = math.ceil(round(one.least_a * shared_by * LINE_VOLTAGE_V / LEAST_VOLTAGE_V * 10, 6)) / 10
    least_a = min(least_a, one.hardware_a)
    safe_a = None if one.safe_a is None else (max(one.safe_a, least_a) if one.safe_a else 0.0)
    return replace(connector, least_a=least_a, safe_a=safe_a)


def controller_of(
    definition: SiteDefinition,
    learned: Mapping[str, Learned],
    memory: SiteMemory,
    settings: Settings,
    now: float,
) -> SiteController:
    """The one who shares it out. Raises InvalidSite."""
    plain = {name: replace(one, in_watts=False) for name, one in learned.items()}
    try:
        site = tree_of(definition, learned)
        return _controller(site, memory, settings, now)
    except InvalidSite:
        if plain == learned:
            raise
    return _controller(tree_of(definition, plain), memory, settings, now)


def _controller(site: Site, memory: SiteMemory, settings: Settings, now: float) -> SiteController:
    phases = {one.id: one.phases for one in site.connectors}
    for name, known in memory.connectors.items():
        for lease in known.leases:  # it may have had more phases when that was lent
            lease.phases = min(lease.phases, phases.get(name, lease.phases))
    return SiteController(site, now, settings, memory.connectors, memory.next_number)


def definition_problems(definition: SiteDefinition) -> list[tuple[str, str]]:
    """All that is wrong with it, as pairs of a path such as `connectors[2].fuse` and a sentence."""
    found = [*_names(definition)]
    try:
        controller_of(definition, {}, SiteMemory(), Settings(), 0.0)
    except InvalidSite as error:
        found += error.problems
    return found


def _names(definition: SiteDefinition) -> Iterator[tuple[str, str]]:
    for number, one in enumerate(definition.connectors):
        yield from _identity(f"connectors[{number}].charge_point", one.charge_point)
    fuses = {fuse.name for fuse in definition.fuses}
    if definition.mqtt is not None:
        yield from mqtt_problems(definition.mqtt, fuses)
    for number, meter in enumerate(definition.meters):
        yield from _identity(f"meters[{number}].charge_point", meter.charge_point)
        if meter.fuse not in fuses:
            yield f"meters[{number}].fuse", f"no fuse is called {meter.fuse!r}; there are {_list(fuses)}"


def _identity(path: str, identity: str) -> Iterator[tuple[str, str]]:
    try:
        valid_identity(identity)
    except InvalidIdentity as error:
        yield path, str(error)


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def rotations_of(value: str | None) -> dict[int, Rotation]:
    """ConnectorPhaseRotation (S 9.1.8), such as `0.RST, 1.RST, 2.RTS`, by connector; no odd parts."""
    found: dict[int, Rotation] = {}
    for part in (value or "").split(","):
        number, _, word = part.strip().partition(".")
        if number.isdigit() and len(number) < 6 and word.upper() in Rotation.__members__:
            found[int(number)] = Rotation[word.upper()]
    return found
