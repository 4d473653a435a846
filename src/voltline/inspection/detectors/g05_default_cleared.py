"""G05: the default limit taken away while somebody charges."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, NamedTuple

from msgspec import UNSET

from voltline.inspection.detector import Detector, DetectorSettings, chosen
from voltline.inspection.events import Answered, Call, Event, Exchange
from voltline.inspection.exchanges import status_of
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.messages import ChargingProfilePurpose, ClearChargingProfile, SetChargingProfile
from voltline.messages.types import doc
from voltline.smart_charging.stack import Installed

_DEFAULT = ChargingProfilePurpose.TX_DEFAULT_PROFILE
_MAXIMUM = ChargingProfilePurpose.CHARGE_POINT_MAX_PROFILE


"""Only show that time goes on."""


class Settings(DetectorSettings, frozen=True):
    """How soon another limit has to come."""

    replaced_within_s: Annotated[float, doc("A new profile so soon after is a replacement.", unit="s")] = 60.0


class _Cleared(NamedTuple):
    exchange: Exchange
    at: datetime
    connectors: tuple[int, ...]


class DefaultCleared(Detector):
    """ClearChargingProfile of a TxDefaultProfile in an open transaction, and no new limit."""

    id = "G05"
    title = "Default limit cleared while charging"
    severity = Severity.WARNING
    basis = ("errata 3.8", "OCPP 1.6, 5.5")
    who = Who.BACK_END
    next_step = "Replace the profile by setting one of the same purpose and stack level instead of clearing."
    explanation = (
        "Clearing the TxDefaultProfile takes the limit off transactions that run on it: they go up to what "
        "the hardware allows at once, which may be more than the site can give. Setting another profile "
        "replaces it without a gap. Not told if another limit follows at once."
    )
    events = (Call, Answered)
    actions = chosen(
        call={"ClearChargingProfile", "SetChargingProfile", "MeterValues", "Heartbeat"},
        answered={"ClearChargingProfile"},
    )
    waits_with = "_cleared"
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._asked: tuple[int, ...] = ()
        self._cleared: _Cleared | None = None

    def see(self, event: Event, facts: Facts) -> Iterator[Finding]:
        """Which defaults match is known before the answer takes them away."""
        assert isinstance(event, Call | Answered)
        exchange = event.exchange
        request = exchange.request
        if isinstance(request, ClearChargingProfile):
            if isinstance(event, Call):
                self._asked = _running_on(request, facts)
            elif status_of(exchange) == "Accepted" and self._asked and event.at is not None:
                self._cleared = _Cleared(exchange, event.at, self._asked)
                self._asked = ()
        elif (
            isinstance(request, SetChargingProfile)
            and request.cs_charging_profiles.charging_profile_purpose is not _MAXIMUM
        ):
            self._cleared = None
        if self._cleared is not None:
            yield from self._over(facts)

    def lapsed(self, facts: Facts) -> Iterator[Finding]:
        """If the wait is over by now."""
        yield from self._over(facts)

    def _over(self, facts: Facts) -> Iterator[Finding]:
        one = self._cleared
        if one is None or facts.now is None:
            return
        if facts.now - one.at <= timedelta(seconds=self.settings.replaced_within_s):
            return
        self._cleared = None
        for connector in one.connectors:
            yield self.finding(
                facts,
                "The TxDefaultProfile was cleared while a transaction ran on it; no other limit followed.",
                one.exchange.records,
                connector=connector,
            )


def _running_on(request: ClearChargingProfile, facts: Facts) -> tuple[int, ...]:
    """Connectors with an open transaction whose limit is a default that the request clears."""
    if not any(_is_meant(request, one) for one in facts.profiles):
        return ()
    own = ChargingProfilePurpose.TX_PROFILE
    limited = {one.connector_id for one in facts.profiles if one.profile.charging_profile_purpose is own}
    return tuple(
        number
        for number, connector in facts.connectors.items()
        if connector.session is not None and number not in limited
    )


def _is_meant(request: ClearChargingProfile, one: Installed) -> bool:
    profile = one.profile
    if profile.charging_profile_purpose is not _DEFAULT:
        return False
    if request.id is not UNSET:
        return request.id == profile.charging_profile_id
    return (
        request.connector_id in (UNSET, one.connector_id)
        and request.charging_profile_purpose in (UNSET, _DEFAULT)
        and request.stack_level in (UNSET, profile.stack_level)
    )
