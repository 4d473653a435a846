"""G04: a profile on top of the stack that never ends."""

from collections.abc import Iterator

from msgspec import UNSET

from voltline.inspection.detector import Detector
from voltline.inspection.events import Answered, Event
from voltline.inspection.exchanges import connector_of, status_of
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.messages import ChargingProfile, ChargingProfileKind, ChargingProfilePurpose, SetChargingProfile


class StackBlocksLower(Detector):
    """A higher stackLevel without an end hides those below for good."""

    id = "G04"
    title = "Profile hides those below it for good"
    severity = Severity.WARNING
    basis = ("errata 3.7", "OCPP 1.6, 3.13.2")
    who = Who.BACK_END
    next_step = "Give it a duration or validTo, or clear it when it has done its work."
    explanation = (
        "Of the profiles of one purpose the one with the highest stackLevel counts, for as long as it has a "
        "period. Without duration and validTo it counts for ever, and what is set below it has no effect, "
        "which puzzles whoever sets it. Not told of a profile that is alone, that recurs, or that is for one "
        "transaction and ends with it."
    )
    events = (Answered,)
    actions = frozenset({"SetChargingProfile"})

    def see(self, event: Event, facts: Facts) -> Iterator[Finding]:
        """When a profile is accepted: does it hide one, or is it hidden?"""
        assert isinstance(event, Answered)
        exchange = event.exchange
        request = exchange.request
        if not isinstance(request, SetChargingProfile) or status_of(exchange) != "Accepted":
            return
        new = request.cs_charging_profiles
        if new.charging_profile_purpose is ChargingProfilePurpose.TX_PROFILE:
            return
        others = [
            one.profile
            for one in facts.profiles
            if one.connector_id == request.connector_id
            and one.profile.charging_profile_purpose is new.charging_profile_purpose
            and one.profile.charging_profile_id != new.charging_profile_id
        ]
        for other in others:
            upper, lower = (new, other) if new.stack_level > other.stack_level else (other, new)
            if upper.stack_level == lower.stack_level or not _is_endless(upper):
                continue
            yield self.finding(
                facts,
                f"Profile {upper.charging_profile_id} at level {upper.stack_level} never ends and hides "
                f"profile {lower.charging_profile_id} at level {lower.stack_level}.",
                exchange.records,
                connector=connector_of(exchange),
            )
            return


def _is_endless(profile: ChargingProfile) -> bool:
    recurring = profile.charging_profile_kind is ChargingProfileKind.RECURRING
    return profile.valid_to is UNSET and profile.charging_schedule.duration is UNSET and not recurring
