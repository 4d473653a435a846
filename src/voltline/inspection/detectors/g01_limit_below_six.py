"""G01: a limit under 6 A, with which no vehicle can charge."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from msgspec import UNSET

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Answered, Event
from voltline.inspection.exchanges import connector_of, status_of
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.profiles import profile_of
from voltline.messages import ChargingProfile, ChargingProfileKind, ChargingRateUnit
from voltline.messages.types import doc
from voltline.smart_charging.stack import LINE_VOLTAGE_V


class Settings(DetectorSettings, frozen=True):
    """What is too little, and how often it is more than a slip."""

    least_a: Annotated[float, doc("The least a vehicle can be offered.", unit="A")] = 6.0
    zero_a: Annotated[float, doc("Below this, but not 0, zero is meant and not said.", unit="A")] = 1.0
    warning_above: Annotated[int, doc("More profiles than this with such a limit are a warning.")] = 10


class LimitBelowSix(Detector):
    """A period that takes effect with more than 0 and less than 6 A."""

    id = "G01"
    title = "Limit below 6 A"
    severity = Severity.INFO
    basis = ("IEC 61851-1", "OCPP 1.6, 7.14")
    who = Who.BACK_END
    next_step = "Send 0 to pause, or at least 6 A to charge; nothing in between means anything to a vehicle."
    explanation = (
        "The least current that the pilot signal can offer is 6 A. With a limit under that an AC charge "
        "point has to pause, and rightly reports SuspendedEVSE or stays Preparing, so the driver sees a "
        "broken charger. 0 is how a pause is said. A limit of 0.1 A is the classic of back-ends that avoid "
        "zero. Only periods that can take effect count; in watt only what is too little even for one phase, "
        "and nothing for vehicles that charge with direct current."
    )
    events = (Answered,)
    actions = frozenset({"SetChargingProfile", "RemoteStartTransaction"})
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._count = 0

    def see(self, event: Event, facts: Facts) -> Iterator[Finding]:
        """Each accepted profile once."""
        assert isinstance(event, Answered)
        exchange = event.exchange
        profile = profile_of(exchange)
        if profile is None or status_of(exchange) not in ("Accepted", None):
            return
        low = self._lowest(profile, event.at)
        if low is None:
            return
        self._count += 1
        limit, amperes, start = low
        zero = amperes < self.settings.zero_a
        unit = profile.charging_schedule.charging_rate_unit
        many = self._count > self.settings.warning_above
        yield self.finding(
            facts,
            f"Profile {profile.charging_profile_id} allows {limit:g} {unit} from second {start} on"
            + (f", which is {amperes:.1f} A." if unit is ChargingRateUnit.W else "."),
            exchange.records,
            connector=connector_of(exchange),
            title="Limit of next to nothing" if zero else None,
            severity=Severity.WARNING if zero or many else None,
        )

    def _lowest(self, profile: ChargingProfile, now: datetime | None) -> tuple[float, float, int] | None:
        """The lowest limit over 0 of the periods that can take effect: as sent, in A, from which second."""
        schedule = profile.charging_schedule
        if now is not None and isinstance(profile.valid_to, datetime) and profile.valid_to <= now:
            return None
        elapsed = 0.0
        if (
            now is not None
            and profile.charging_profile_kind is ChargingProfileKind.ABSOLUTE
            and isinstance(schedule.start_schedule, datetime)
        ):
            elapsed = (now - schedule.start_schedule).total_seconds()
        end = float("inf") if schedule.duration is UNSET else float(schedule.duration)
        periods = schedule.charging_schedule_period
        found = []
        for number, period in enumerate(periods):
            until = periods[number + 1].start_period if number + 1 < len(periods) else end
            if period.start_period >= end or min(until, end) <= elapsed:
                continue
            amperes = period.limit
            if schedule.charging_rate_unit is ChargingRateUnit.W:
                # Without numberPhases a vehicle on one phase has all of it.
                amperes /= LINE_VOLTAGE_V * (
                    1 if period.number_phases is UNSET else max(period.number_phases, 1)
                )
            if 0 < amperes < self.settings.least_a:
                found.append((amperes, period.limit, period.start_period))
        if not found:
            return None
        amperes, limit, start = min(found)
        return limit, amperes, start
