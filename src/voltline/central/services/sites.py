"""Sites: kept as operators describe them, and with what was lent there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from voltline.central.domain.events import EventKind
from voltline.central.domain.site_plans import PriceCurve
from voltline.central.domain.sites import (
    KeptSite,
    SiteChanged,
    SiteDefinition,
    SiteFound,
    SitePoint,
    name_key,
    with_known_password,
)
from voltline.central.domain.stations import StationKey
from voltline.central.services.ports import UnitOfWork


class SiteNameTaken(Exception):
    """There is a site of this name already."""


class ConnectorTaken(Exception):
    """A connector is at another site; `path` is where it stands in the definition."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        super().__init__(text)


class KnownStation(Struct, frozen=True, kw_only=True):
    """What has to be known of a charge point to steer it."""

    key: StationKey
    values: Mapping[str, str | None]
    """The configuration, by folded key."""
    next_profile_id: int


def add(unit: UnitOfWork, definition: SiteDefinition, at: datetime) -> KeptSite:
    """A new site. Raises SiteNameTaken, ConnectorTaken."""
    if unit.sites.find(definition.name) is not None:
        raise SiteNameTaken(definition.name)
    _refuse_taken(unit, definition, None)
    kept = unit.sites.add(definition, at)
    _tell(unit, definition.name, "added", at)
    return kept


def change(unit: UnitOfWork, name: str, definition: SiteDefinition, at: datetime) -> KeptSite | None:
    """Describe a site anew; None: there is no such site. Raises SiteNameTaken, ConnectorTaken."""
    kept = unit.sites.find(name)
    if kept is None:
        return None
    if name_key(definition.name) != name_key(name) and unit.sites.find(definition.name) is not None:
        raise SiteNameTaken(definition.name)
    _refuse_taken(unit, definition, kept.id)
    unit.sites.change(kept.id, with_known_password(definition, kept.definition), at)
    _tell(unit, definition.name, "changed", at)
    return unit.sites.find(definition.name)


def remove(unit: UnitOfWork, name: str, at: datetime) -> bool:
    """Forget a site with its history; False: there is no such site."""
    kept = unit.sites.find(name)
    if kept is None:
        return False
    unit.sites.remove(kept.id)
    _tell(unit, kept.name, "removed", at)
    return True


def remember(unit: UnitOfWork, site: int, memory: str) -> None:
    """What was lent must be durable before it is lent."""
    unit.sites.remember(site, memory)


def price(unit: UnitOfWork, name: str, prices: PriceCurve | None) -> bool:
    """Keep what energy will cost at a site; False: there is no such site."""
    kept = unit.sites.find(name)
    if kept is None:
        return False
    memory = replace(kept.memory, prices=prices)
    unit.sites.remember(kept.id, msgspec.json.encode(memory).decode())
    return True


def sample(unit: UnitOfWork, site: int, point: SitePoint) -> None:
    """How it stood at a moment."""
    unit.sites.sample(site, point)


def discard(unit: UnitOfWork, before: datetime, at_most: int) -> int:
    """Remove old history, a step of it; how much it was."""
    return unit.sites.discard(before=before, at_most=at_most)


def note(
    unit: UnitOfWork, kind: EventKind, station: StationKey | None, subject: Struct, at: datetime
) -> None:
    """Something happened at a site."""
    unit.events.add(kind, station, subject, at)


def note_findings(unit: UnitOfWork, found: Iterable[SiteFound], at: datetime) -> None:
    """Things that somebody should look at."""
    for one in found:
        unit.events.add(EventKind.SITE_FINDING, None, one, at)


def known_station(unit: UnitOfWork, station: StationKey) -> KnownStation:
    """What a charge point has told of itself."""
    known = unit.configuration.known(station)
    return KnownStation(
        key=station,
        values={name: item.value for name, item in known.items()},
        next_profile_id=unit.charging_profiles.next_profile_id(station),
    )


def _refuse_taken(unit: UnitOfWork, definition: SiteDefinition, but: int | None) -> None:
    taken = {
        member.id: site.name
        for site in unit.sites.all()
        if site.id != but
        for member in site.definition.connectors
    }
    for number, member in enumerate(definition.connectors):
        if (at := taken.get(member.id)) is not None:
            raise ConnectorTaken(
                f"connectors[{number}]",
                f"connector {member.connector} of {member.charge_point!r} is at the site {at!r}; "
                "take it away there first",
            )


def _tell(unit: UnitOfWork, name: str, change: str, at: datetime) -> None:
    unit.events.add(EventKind.SITE_CHANGED, None, SiteChanged(site=name, change=change), at)
