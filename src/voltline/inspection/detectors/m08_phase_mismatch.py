"""M08: voltage on one phase, current on another."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Final

from msgspec import UNSET

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Call, Event
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.meters import Readings, readings_of
from voltline.messages import Measurand, MeterValues, Phase
from voltline.messages.types import doc

_LINES: Final = {
    Phase.L1: 1,
    Phase.L2: 2,
    Phase.L3: 4,
    Phase.L1_N: 1,
    Phase.L2_N: 2,
    Phase.L3_N: 4,
}
"""A bit for each line."""
_VOLTAGE: Final = Measurand.VOLTAGE
_CURRENT: Final = Measurand.CURRENT_IMPORT


class Settings(DetectorSettings, frozen=True):
    """What counts as voltage and current."""

    least_v: Annotated[float, doc("More than this is voltage.", unit="V")] = 85.0
    least_a: Annotated[float, doc("More than this is current.", unit="A")] = 2.0
    samples: Annotated[int, doc("So many samples in a row have to disagree.")] = 3


class PhaseMismatch(Detector):
    """Current flows in a phase that has no voltage."""

    id = "M08"
    title = "Current in a phase without voltage"
    severity = Severity.ERROR
    basis = ("OCPP 1.6, 7.34",)
    who = Who.SITE
    next_step = "Have an electrician check the order of the phases at the charge point and at its meter."
    explanation = (
        "The meter reads voltage on one phase and current on another: the wiring of the meter or of the "
        "charge point is rotated, and power and energy are wrong. A vehicle that charges on one phase of "
        "three has voltage on all three and current on one, which is as it should be."
    )
    events = (Call,)
    actions = frozenset({"MeterValues"})
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._in_a_row: dict[int, int] = {}

    def rests(self, facts: Facts) -> bool:
        """Where it measures no voltage of phases."""
        return not facts.has_voltage_of_phases

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Compare the phases with voltage and those with current."""
        assert isinstance(event, Call)
        request = event.exchange.request
        if not isinstance(request, MeterValues):
            return ()
        found: Iterable[Finding] = ()
        for readings in readings_of(request):
            if not readings.has_voltage_of_phases:
                continue
            live, loaded = self._phases(readings)
            if live and loaded:
                found = (*found, *self._compared(live, loaded, event, request.connector_id, facts))
        return found

    def _compared(self, live: int, loaded: int, event: Event, number: int, facts: Facts) -> Iterator[Finding]:
        if live & loaded:
            self._in_a_row.pop(number, None)
        else:
            count = self._in_a_row[number] = self._in_a_row.get(number, 0) + 1
            if count == self.settings.samples:
                yield self.finding(
                    facts,
                    f"Voltage on {_names(live)} and current on {_names(loaded)}, in "
                    f"{count} samples in a row.",
                    (event.record,),
                    connector=number,
                )

    def _phases(self, readings: Readings) -> tuple[int, int]:
        live = loaded = 0
        for sampled, value in zip(readings.samples, readings.values, strict=True):
            phase, measurand = sampled.phase, sampled.measurand
            if phase is UNSET:
                continue
            if measurand is _VOLTAGE:
                if value > self.settings.least_v:
                    live |= _LINES.get(phase, 0)
            elif measurand is _CURRENT and value > self.settings.least_a:
                loaded |= _LINES.get(phase, 0)
        return live, loaded


def _names(lines: int) -> str:
    return ", ".join(f"L{n + 1}" for n in range(3) if lines >> n & 1)
