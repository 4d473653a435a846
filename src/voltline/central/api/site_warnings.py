"""What a limit of an operator does to a site that lends its connectors their current."""

from __future__ import annotations

from collections.abc import Iterable

from voltline.base.ids import folded
from voltline.central.api.needs import Site
from voltline.central.domain.sites import KeptSite, Member
from voltline.central.procedures.charging_profiles import Attempt
from voltline.messages import ChargingProfilePurpose, ChargingRateUnit
from voltline.smart_charging.stack import LINE_VOLTAGE_V


def site_of(site: Site, identity: str) -> KeptSite | None:
    """The site that has a connector of this charge point."""
    return next((kept for kept in site.queries.sites() if any(_members(kept, identity))), None)


def site_warnings(site: Site, kept: KeptSite, identity: str, attempts: Iterable[Attempt]) -> list[str]:
    """Where profiles that were accepted stand above the fail-safe share, or in the place of a lease."""
    state = None if site.sites is None else site.sites.state(kept.name)
    if state is None:
        return []
    shares = {one.view.id: one.view.safe_a for one in state.connectors}
    said: list[str] = []
    for one in attempts:
        members = [each for each in _members(kept, identity) if one.connector_id in (0, each.connector)]
        if not one.accepted or not members:
            continue
        if one.purpose == ChargingProfilePurpose.TX_PROFILE:
            said.append(
                f"the site {kept.name!r} lends connector {one.connector_id} its current; its next lease "
                "takes the place of this TxProfile"
            )
        elif one.purpose == ChargingProfilePurpose.TX_DEFAULT_PROFILE:
            said += [
                f"this default overrides the fail-safe share of connector {member.connector} at the site "
                f"{kept.name!r}: without a lease it may draw {allowed_a:g} A now, not {shares[member.id]:g} "
                "A; DELETE .../limit lifts it"
                for member in members
                if (allowed_a := _amperes(one, member)) > shares.get(member.id, float("inf"))
            ]
    return said


def _members(kept: KeptSite, identity: str) -> list[Member]:
    return [one for one in kept.definition.connectors if folded(one.charge_point) == folded(identity)]


def _amperes(one: Attempt, member: Member) -> float:
    if one.unit == ChargingRateUnit.A:
        return min(one.limit, member.hardware_a)
    return round(min(one.limit / (LINE_VOLTAGE_V * member.phases), member.hardware_a), 1)
