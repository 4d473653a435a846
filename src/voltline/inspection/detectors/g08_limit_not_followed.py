"""G08: more current than the charging profiles allow."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated

import msgspec

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Call, Event
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.meters import NumberRead, Readings, readings_of
from voltline.inspection.profiles import limit_of
from voltline.inspection.records import Record
from voltline.messages import ChargingRateUnit, Measurand, MeterValues
from voltline.messages.types import doc
from voltline.smart_charging.stack import LINE_VOLTAGE_V, PHASES, Limit

_HIGHEST_AC_V = 300.0
"""From phase to neutral."""


class Settings(DetectorSettings, frozen=True):
    """How quickly and how closely a limit has to be followed."""

    tolerance_a: Annotated[float, doc("So much more is measuring error.", unit="A")] = 1.0
    tolerance_share: Annotated[float, doc("Of a limit in watt, so much more is measuring error.")] = 0.1
    after_s: Annotated[float, doc("A vehicle has so long to follow a new limit.", unit="s")] = 30.0
    samples: Annotated[int, doc("So many samples in a row have to be above it.")] = 3


class _Followed(msgspec.Struct, gc=False):
    limit: Limit
    since: datetime
    above: int = 0
    told: bool = False
    first: Record | None = None


class LimitNotFollowed(Detector):
    """Current.Import, or power, above the limit that is in force."""

    id = "G08"
    title = "Limit not followed"
    severity = Severity.ERROR
    basis = ("OCPP 1.6, 5.16", "OCPP 1.6, 3.13")
    who = Who.CHARGER_MAKER
    next_step = "Ask for GetCompositeSchedule: does the charge point hold the limit that it accepted?"
    explanation = (
        "The charge point accepted a limit, and the vehicle draws more, sample after sample. Either the "
        "profile does not take effect (a higher stack level, another purpose, another connector, a resume "
        "from zero), or the charge point ignores it: a fuse may depend on it. Less than the limit is never a "
        "fault: other limiters and the vehicle decide too."
    )
    events = (Call,)
    actions = frozenset({"MeterValues"})
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._followed: dict[int, _Followed] = {}

    def rests(self, facts: Facts) -> bool:
        """Where no profile is known."""
        return not facts.profiles

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Compare each sample with the limit at its time."""
        if not facts.profiles:
            return ()
        return self._look(event, facts)

    def _look(self, event: Event, facts: Facts) -> Iterator[Finding]:
        assert isinstance(event, Call)
        request = event.exchange.request
        if not facts.profiles or not isinstance(request, MeterValues) or request.connector_id < 1:
            return
        for readings in readings_of(request):
            yield from self._sampled(request.connector_id, readings, event, facts)

    def _sampled(self, number: int, readings: Readings, event: Event, facts: Facts) -> Iterator[Finding]:
        limit = limit_of(facts, number, readings.at)
        if limit is None:
            self._followed.pop(number, None)
            return
        one = self._followed.get(number)
        if one is None or one.limit != limit:
            self._followed[number] = _Followed(limit, readings.at)
            return
        drawn = _drawn(readings.numbers, limit.unit)
        if drawn is None or (readings.at - one.since).total_seconds() < self.settings.after_s:
            return
        margin = (
            self.settings.tolerance_a
            if limit.unit is ChargingRateUnit.A
            else max(limit.value * self.settings.tolerance_share, 230.0)
        )
        if drawn <= limit.value + margin:
            one.above = 0
            return
        one.above += 1
        one.first = one.first if one.above > 1 else event.record
        if one.above < self.settings.samples or one.told:
            return
        one.told = True
        yield self.finding(
            facts,
            f"{drawn:g} {limit.unit} were drawn, {limit.value:g} {limit.unit} are allowed since "
            f"{(readings.at - one.since).total_seconds():.0f} s.",
            tuple(record for record in (one.first, event.record) if record is not None),
            connector=number,
        )


def _drawn(numbers: list[NumberRead], unit: ChargingRateUnit) -> float | None:
    """The largest current of a phase in A, or the power in W; None where that is not known."""
    if unit is ChargingRateUnit.W:
        return _power_w(numbers)
    current = max((one.value for one in numbers if one.measurand is Measurand.CURRENT_IMPORT), default=None)
    if current is None or not _is_direct(numbers):
        return current
    # Its makers take ampere for those to the vehicle or for those from the grid: only above both is too much.
    power = _power_w(numbers)
    return None if power is None else min(current, power / (PHASES * LINE_VOLTAGE_V))


def _power_w(numbers: list[NumberRead]) -> float | None:
    power = [one for one in numbers if one.measurand is Measurand.POWER_ACTIVE_IMPORT]
    whole = [one.value for one in power if one.phase is None]
    if whole:
        return whole[0]
    return sum(one.value for one in power) if power else None


def _is_direct(numbers: list[NumberRead]) -> bool:
    """Whether the vehicle charges with direct current: no phases, and its battery's voltage or its state."""
    if any(one.phase is not None for one in numbers):
        return False
    voltages = [one.value for one in numbers if one.measurand is Measurand.VOLTAGE]
    if voltages:
        return max(voltages) > _HIGHEST_AC_V
    return any(one.measurand is Measurand.SOC for one in numbers)
