"""G03: more periods in a schedule than the charge point can take."""

from collections.abc import Iterator
from typing import Annotated

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Call, Event
from voltline.inspection.exchanges import connector_of
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.profiles import profile_of
from voltline.messages.types import doc


class Settings(DetectorSettings, frozen=True):
    """What Delta's AC MAX really takes, whatever it says."""

    ac_max_periods: Annotated[int, doc("Periods that a Delta AC MAX copes with, claiming 20.")] = 10
    ac_max_mended: Annotated[str, doc("The firmware that corrects it.")] = "01.26.40"


class TooManyPeriods(Detector):
    """A schedule longer than ChargingScheduleMaxPeriods."""

    id = "G03"
    title = "Schedule with too many periods"
    severity = Severity.WARNING
    basis = ("OCPP 1.6, 9.4.3",)
    who = Who.BACK_END
    next_step = "Send the periods that matter soonest, and the rest later."
    explanation = (
        "ChargingScheduleMaxPeriods says how many periods a schedule may have. More are refused, or cut off, "
        "or make the firmware stall: a Delta AC MAX before 01.26.40 says 20 and copes with 10; above that it "
        "is silent for half a minute, answers without a status and drops the connection. Not judged where "
        "the key is not known and the model has no such fault."
    )
    events = (Call,)
    actions = frozenset({"SetChargingProfile", "RemoteStartTransaction"})
    settings: Settings = Settings()

    def see(self, event: Event, facts: Facts) -> Iterator[Finding]:
        """When it is sent."""
        assert isinstance(event, Call)
        profile = profile_of(event.exchange)
        if profile is None:
            return
        count = len(profile.charging_schedule.charging_schedule_period)
        most, why = facts.number("ChargingScheduleMaxPeriods"), "ChargingScheduleMaxPeriods is {}"
        if self._is_unmended_ac_max(facts) and (most is None or most > self.settings.ac_max_periods):
            most, why = self.settings.ac_max_periods, "this model and firmware copes with {}"
        if most is not None and 0 < most < count:
            yield self.finding(
                facts,
                f"A schedule of {count} periods was sent; {why.format(most)}.",
                (event.record,),
                connector=connector_of(event.exchange),
            )

    def _is_unmended_ac_max(self, facts: Facts) -> bool:
        if facts.model is None:
            return False
        vendor, model, firmware = facts.model
        delta = vendor.lower().startswith("delta") and "ac max" in model.lower()
        return delta and not _version(firmware) >= _version(self.settings.ac_max_mended)


def _version(text: str) -> list[int]:
    return [int(part) for part in text.replace("V", "").replace("v", "").split(".") if part.isdecimal()]
