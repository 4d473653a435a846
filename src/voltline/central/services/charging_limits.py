"""Limits in plain words: what is known beforehand, and what is kept of how a charge point took one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from voltline.base.ids import folded
from voltline.central.domain.charging_limits import Running
from voltline.central.domain.charging_profiles import ChargingLimit
from voltline.central.domain.configuration import count_of
from voltline.central.domain.stations import StationKey
from voltline.central.services.ports import UnitOfWork
from voltline.central.services.status import connectors_of


class LimitFacts(Struct, frozen=True, kw_only=True):
    """What has to be known to set a limit."""

    values: Mapping[str, str | None]
    """The configuration, by folded key."""
    connectors: int | None
    """How many; None: not known."""
    running: tuple[Running, ...]
    """On the connector, or on all for connector 0."""
    before: ChargingLimit | None
    """The limit of before, also one that was lifted."""
    installed_ids: frozenset[int]
    """chargingProfileIds that are installed."""
    next_profile_id: int


def facts(unit: UnitOfWork, station: StationKey, connector_id: int) -> LimitFacts:
    """What is known of a charge point before a limit is set."""
    known = unit.configuration.known(station)
    values = {name: item.value for name, item in known.items()}
    connectors = connectors_of(unit, station) if connector_id == 0 else [connector_id]
    running = tuple(
        Running(
            transaction_id=one.sent_id or one.id,
            connector_id=one.start.connector_id,
            started_at=one.start.started_at,
            received_at=one.start_received_at,
            status=unit.connectors.status(station, one.start.connector_id),
        )
        for number in connectors
        for one in unit.transactions.running(station, number)
    )
    return LimitFacts(
        values=values,
        connectors=count_of(values.get(folded("NumberOfConnectors"))),
        running=running,
        before=unit.charging_profiles.limit(station, connector_id),
        installed_ids=frozenset(
            one.profile.charging_profile_id for one in unit.charging_profiles.installed(station)
        ),
        next_profile_id=unit.charging_profiles.next_profile_id(station),
    )


def keep(unit: UnitOfWork, limit: ChargingLimit) -> None:
    """This limit was accepted, in this way."""
    unit.charging_profiles.put_limit(limit)


def lifted(unit: UnitOfWork, station: StationKey, connector_id: int, at: datetime) -> None:
    """The limit holds no more; the way in which it was accepted is remembered."""
    limit = unit.charging_profiles.limit(station, connector_id)
    if limit is not None and limit.lifted_at is None:
        unit.charging_profiles.put_limit(replace(limit, lifted_at=at))
