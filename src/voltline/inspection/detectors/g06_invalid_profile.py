"""G06: charging profiles that contradict themselves."""

from collections.abc import Iterator
from itertools import pairwise

from msgspec import UNSET

from voltline.inspection.detector import Detector
from voltline.inspection.events import Call, Event
from voltline.inspection.exchanges import connector_of
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.profiles import profile_of
from voltline.messages import ChargingProfile, ChargingProfileKind, ChargingProfilePurpose

_MAXIMUM = ChargingProfilePurpose.CHARGE_POINT_MAX_PROFILE
_OF_TRANSACTION = ChargingProfilePurpose.TX_PROFILE


class InvalidProfile(Detector):
    """What SetChargingProfile and RemoteStartTransaction may not ask for."""

    id = "G06"
    title = "Invalid charging profile"
    severity = Severity.WARNING
    basis = ("OCPP 1.6, 5.16", "OCPP 1.6, 7.8", "OCPP 1.6, 7.14", "errata 3.41", "errata 3.45", "errata 3.70")
    who = Who.BACK_END
    next_step = "Correct the profile that the central system builds; charge points differ in what they take."
    explanation = (
        "Purpose, connector, transaction and schedule of a profile have to fit each other: a TxProfile is "
        "for one transaction on one connector, a ChargePointMaxProfile for connector 0, the first period "
        "begins at 0 and the others follow in order, limits have one decimal, a recurring profile says how "
        "often and from when. In a RemoteStartTransaction only a TxProfile without transactionId is allowed."
    )
    events = (Call,)
    actions = frozenset({"SetChargingProfile", "RemoteStartTransaction"})

    def see(self, event: Event, facts: Facts) -> Iterator[Finding]:
        """Each fault under its own title."""
        assert isinstance(event, Call)
        exchange = event.exchange
        profile = profile_of(exchange)
        if profile is None:
            return
        connector = connector_of(exchange)
        remote = exchange.name == "RemoteStartTransaction"
        for fault in (*_of_purpose(profile, connector, remote, facts), *_of_schedule(profile)):
            yield self.finding(
                facts,
                f"Profile {profile.charging_profile_id}: {fault}.",
                (event.record,),
                connector=connector,
                title=f"{self.title}: {fault}",
            )


def _of_purpose(profile: ChargingProfile, connector: int | None, remote: bool, facts: Facts) -> Iterator[str]:
    purpose = profile.charging_profile_purpose
    named = profile.transaction_id is not UNSET
    if remote:
        if purpose is not _OF_TRANSACTION:
            yield "a remote start takes a TxProfile only"
        if named:
            yield "a remote start knows no transaction yet"
        return
    if named and purpose is not _OF_TRANSACTION:
        yield "a transactionId belongs to a TxProfile only"
    if purpose is _OF_TRANSACTION:
        if connector == 0:
            yield "a TxProfile is for one connector, not for 0"
        elif connector is not None and _is_idle(connector, facts):
            yield "a TxProfile without a transaction"
    elif purpose is _MAXIMUM and connector not in (0, None):
        yield "a ChargePointMaxProfile is for connector 0"


def _is_idle(connector: int, facts: Facts) -> bool:
    """Whether it is certain that no transaction runs: the connector says that it is free."""
    known = facts.connectors.get(connector)
    return known is not None and known.session is None and known.status == "Available"


def _of_schedule(profile: ChargingProfile) -> Iterator[str]:
    schedule = profile.charging_schedule
    starts = [period.start_period for period in schedule.charging_schedule_period]
    if starts and starts[0] != 0:
        yield "the first period does not begin at 0"
    if any(later <= earlier for earlier, later in pairwise(starts)):
        yield "the periods are not in order"
    if any(abs(p.limit * 10 - round(p.limit * 10)) > 1e-6 for p in schedule.charging_schedule_period):
        yield "a limit has more than one decimal"
    if profile.charging_profile_kind is ChargingProfileKind.RECURRING and profile.recurrency_kind is UNSET:
        yield "a recurring profile does not say how often"
