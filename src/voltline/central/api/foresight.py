"""What a charge point will probably refuse, said beforehand: as warnings, for it alone decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voltline.base.ids import folded
from voltline.central.api.needs import Site
from voltline.central.domain.configuration import lacks_profile
from voltline.central.domain.stations import Station
from voltline.messages import Request, action_of


def configured(site: Site, station: Station) -> Mapping[str, str | None]:
    """What it is set to as far as known, by folded key. Blocks."""
    return {folded(item.key): item.value for item in site.queries.configuration(station.key)}


def profile_warnings(values: Mapping[str, str | None], command: type[Request[Any]]) -> list[str]:
    """A warning where the charge point says that it does not have the command's feature profile."""
    action = action_of(command)
    if lacks_profile(values, action.profile):
        return [f"SupportedFeatureProfiles does not list {action.profile}, to which {action.name} belongs"]
    return []


def running_warnings(site: Site, station: Station, connector_id: int, effect: str) -> list[str]:
    """A warning for each transaction that runs there, connector 0 standing for all. Blocks."""
    page = site.queries.transactions(identity=station.identity, active=True, limit=20)
    return [
        f"transaction {one.id} runs on connector {one.start.connector_id}: {effect}"
        for one in page.items
        if connector_id in (0, one.start.connector_id)
    ]


def connector_warnings(site: Site, station: Station, connector_id: int) -> list[str]:
    """A warning for a connector that is not among those that the charge point reported. Blocks."""
    states = site.queries.connectors([station.key]).get(station.key, ())
    known = sorted({state.connector_id for state in states} - {0})
    if connector_id == 0 or not known or connector_id in known:
        return []
    return [f"the charge point never reported a connector {connector_id}, but {', '.join(map(str, known))}"]
