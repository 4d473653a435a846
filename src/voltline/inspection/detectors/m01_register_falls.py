"""M01: an energy register that falls."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UnsetType

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Call, Event, Exchange
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.meters import readings_of
from voltline.inspection.records import Record
from voltline.messages import (
    BootNotification,
    Location,
    Measurand,
    MeterValues,
    Phase,
    StartTransaction,
    StopTransaction,
    UnitOfMeasure,
)
from voltline.messages.types import doc

_MOST_SERIES = 500
_Series = tuple[int, Measurand, Phase | None, Location, UnitOfMeasure | None]
"""A connector, and what one of its registers counts."""


class Settings(DetectorSettings, frozen=True):
    """What is rounding."""

    tolerance_wh: Annotated[float, doc("A fall up to this is rounding.", unit="Wh")] = 1.0


class _Last(msgspec.Struct, gc=False):
    value: float
    at: datetime
    transaction: int | UnsetType
    record: Record


class RegisterFalls(Detector):
    """An Energy.*.Register that is lower than a moment before."""

    id = "M01"
    title = "Energy register falls"
    severity = Severity.ERROR
    basis = ("errata 3.78", "OCPP 1.6, 7.31")
    who = Who.CHARGER_MAKER
    next_step = "Do not bill sessions of this connector by its register until the maker has explained it."
    explanation = (
        "A register counts up for the life of the meter. One that falls within a session makes the bill "
        "wrong. Each phase, location and unit is a register of its own. Not told: a fall of one watt-hour "
        "(rounding), a meter that was replaced (another serial number), values that are delivered late, and "
        "charge points that count anew for each session (M02): nothing is compared across a StartTransaction."
    )
    events = (Call,)
    actions = frozenset({"MeterValues", "StartTransaction", "StopTransaction", "BootNotification"})
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._last: dict[_Series, _Last] = {}
        self._meter: str | None = None

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Compare each register with its last value."""
        exchange: Exchange = event.exchange  # type: ignore[attr-defined]  # all of `events` have one
        request = exchange.request
        if type(request) is not MeterValues:
            return self._told_otherwise(exchange, facts)
        found: tuple[Finding, ...] = ()
        connector, transaction = request.connector_id, request.transaction_id
        last, tolerance = self._last, self.settings.tolerance_wh
        for readings in readings_of(request):
            at = readings.at
            for number in readings.registers:
                measurand, value = number.measurand, number.value
                key = (connector, measurand, number.phase, number.location, number.unit)
                before = last.get(key)
                if before is None:
                    if len(last) < _MOST_SERIES:
                        last[key] = _Last(value, at, transaction, exchange.call)
                    continue
                if at < before.at:
                    continue  # an older value, delivered late
                if before.value - value > tolerance and before.transaction == transaction:
                    found = (*found, self._falls(facts, connector, measurand, before, value, exchange))
                before.value = value
                before.at = at
                before.transaction = transaction
                before.record = exchange.call
        return found

    def _told_otherwise(self, exchange: Exchange, facts: Facts) -> Iterable[Finding]:
        request = exchange.request
        if isinstance(request, StopTransaction):
            return self._stopped(exchange, request, facts)
        if isinstance(request, StartTransaction):
            self._forget(request.connector_id)
        elif isinstance(request, BootNotification):
            meter = request.meter_serial_number
            if isinstance(meter, str) and meter:
                if self._meter not in (None, meter):
                    self._last.clear()
                self._meter = meter
        return ()

    def _forget(self, connector: int) -> None:
        """A transaction begins a new series: back-ends that give all the same id do not tell them apart."""
        for series in [one for one in self._last if one[0] == connector]:
            del self._last[series]

    def _stopped(self, exchange: Exchange, request: StopTransaction, facts: Facts) -> Iterator[Finding]:
        """The meter at the stop against the last value of the transaction."""
        for (connector, measurand, phase, _, _), before in self._last.items():
            if before.transaction != request.transaction_id or before.at > request.timestamp:
                continue
            if measurand is not Measurand.ENERGY_ACTIVE_IMPORT_REGISTER or phase is not None:
                continue
            # meterStop is a whole number: a watt-hour more may be cut off.
            if before.value - request.meter_stop > self.settings.tolerance_wh + 1:
                yield self._falls(facts, connector, "meterStop", before, request.meter_stop, exchange)
                return

    def _falls(
        self,
        facts: Facts,
        connector: int | None,
        what: str,
        before: _Last,
        value: float,
        exchange: Exchange,
    ) -> Finding:
        return self.finding(
            facts,
            f"{what} fell from {before.value:g} to {value:g} Wh.",
            (before.record, exchange.call),
            connector=connector,
        )
