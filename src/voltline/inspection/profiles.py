"""The charging profile that an exchange carries, and the limits that follow from those a station has."""

from datetime import datetime

from voltline.inspection.events import Exchange
from voltline.inspection.facts import Facts
from voltline.messages import ChargingProfile, RemoteStartTransaction, SetChargingProfile
from voltline.smart_charging.stack import Limit, limit_at
from voltline.smart_charging.stack import Session as RunningTransaction

__all__ = ["limit_of", "profile_of"]


def profile_of(exchange: Exchange) -> ChargingProfile | None:
    """The profile in a SetChargingProfile or a RemoteStartTransaction; None if there is none."""
    request = exchange.request
    if isinstance(request, SetChargingProfile):
        return request.cs_charging_profiles
    if isinstance(request, RemoteStartTransaction) and isinstance(request.charging_profile, ChargingProfile):
        return request.charging_profile
    return None


def limit_of(facts: Facts, number: int, at: datetime) -> Limit | None:
    """What the known profiles allow the connector at that moment, in the unit that they are told in."""
    if not facts.profiles:
        return None
    known = facts.connectors.get(number)
    session = None if known is None else known.session
    running = None
    if session is not None:
        running = RunningTransaction(session.transaction_id, number, session.started_at or at)
    return limit_at(facts.profiles, number, at, running)
