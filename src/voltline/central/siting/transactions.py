"""Which transaction runs on a connector of a site, by what is stored."""

from __future__ import annotations

from typing import NamedTuple

from voltline.central.domain.sites import Member
from voltline.central.domain.transactions import StopSource, Transaction
from voltline.central.services.ports import Queries

_IDLE = frozenset({"Available", "Reserved", "Unavailable", "Faulted"})


class Found(NamedTuple):
    """What is known of a connector."""

    running: Transaction | None
    over: bool
    """Whether the one before has surely ended: what an operator closed may go on charging, and only the
    charge point knows."""


def transaction_of(queries: Queries, member: Member, before: Transaction | None) -> Found:
    """What runs there now; `before`: what was known to run. Waits for the database.

    Raises StorageUnavailable.
    """
    page = queries.transactions(
        identity=member.charge_point, connector_id=member.connector, active=True, limit=1
    )
    past = None if before is None else queries.transaction(before.id)
    over = past is None or past.stop_source is StopSource.CHARGE_POINT or _status(queries, member) in _IDLE
    return Found(page.items[0] if page.items else None, over)


def _status(queries: Queries, member: Member) -> str | None:
    station = queries.station(member.charge_point)
    if station is None:
        return None
    states = queries.connectors([station.key]).get(station.key, ())
    return next((one.status for one in states if one.connector_id == member.connector), None)
