"""Readings of a transaction: periodic ones, its first and last, and those that are asked for.

OCPP 1.6, 3.16 and 4.7; errata 3.13 to 3.16. What is configured and measurable is reported for every phase.
"""

from collections.abc import Iterable
from functools import lru_cache
from math import floor

from voltline.messages import (
    UNSET,
    MeterValue,
    MeterValues,
    ReadingContext,
    SampledValue,
)
from voltline.station.core.bench import Bench
from voltline.station.core.connectors import Connector, Connectors
from voltline.station.core.hardware import Measured
from voltline.station.core.measurands import Selection, selection_of
from voltline.station.core.outbox import Leave, Outbox
from voltline.station.core.timers import Timer
from voltline.station.core.transaction import Transaction

GRAIN = 0.01
"""The part of an interval by which a timer may be early."""


@lru_cache(maxsize=256)
def _phases_of(selection: Selection) -> dict[str, frozenset[str]]:
    """The phases that are chosen, by measurand; "" stands for all of them."""
    phases: dict[str, frozenset[str]] = {}
    for measurand, phase in selection:
        chosen = {phase, f"{phase}-N"} if phase else {""}
        phases[measurand] = phases.get(measurand, frozenset()) | chosen
    return phases


def _is_wanted(measured: Measured, phases: dict[str, frozenset[str]]) -> bool:
    chosen = phases.get(measured.measurand)
    return chosen is not None and ("" in chosen or measured.phase in chosen)


def sampled(
    measured: Iterable[Measured], selection: Selection, context: ReadingContext
) -> list[SampledValue]:
    """The chosen ones of these measurements, as they go on the wire."""
    phases = _phases_of(selection)
    return [
        SampledValue(
            value=f"{one.value:.{one.decimals}f}",
            context=context,
            measurand=one.measurand,
            phase=UNSET if one.phase is None else one.phase,
            location=UNSET if one.location is None else one.location,
            unit=UNSET if one.unit is None else one.unit,
        )
        for one in measured
        if _is_wanted(one, phases)
    ]


class Metering:
    """Takes the readings of running transactions at their times."""

    def __init__(self, bench: Bench, outbox: Outbox) -> None:
        self._bench = bench
        self._outbox = outbox

    def begin(self, transaction: Transaction) -> None:
        """Take the first reading and set the time of the next."""
        self._keep(transaction, ReadingContext.TRANSACTION_BEGIN)
        self._expect_sample(transaction)

    def end(self, transaction: Transaction) -> list[MeterValue]:
        """Take the last reading; give what belongs in StopTransaction.transactionData, perhaps nothing."""
        self._bench.timers.cancel(Timer.SAMPLE, transaction.connector_id)
        self._keep(transaction, ReadingContext.TRANSACTION_END)
        return thinned(transaction.kept, self._bench.configuration.number("StopTransactionMaxMeterValues"))

    def sample_due(self, transaction: Transaction) -> None:
        """Send a periodic reading of the transaction, and keep one if it shall be told again at the end."""
        self._expect_sample(transaction)
        values = self._reading(
            transaction.connector_id, "MeterValuesSampledData", ReadingContext.SAMPLE_PERIODIC
        )
        if values is not None:
            request = MeterValues(connector_id=transaction.connector_id, meter_value=[values])
            self._outbox.queue(transaction.number, request)
        self._keep_periodic(transaction)

    def interval_changed(self, connectors: Connectors) -> None:
        """Keep to the new interval from now on."""
        for connector in connectors.outlets:
            if connector.transaction is not None:
                self._bench.timers.cancel(Timer.SAMPLE, connector.id)
                self._expect_sample(connector.transaction)

    def send_newest(self, connector: Connector, leave: Leave) -> None:
        """Answer a trigger: the newest values, of the moment only (OCPP 1.6, 5.17)."""
        values = self._reading(connector.id, "MeterValuesSampledData", ReadingContext.TRIGGER)
        if values is None:
            return
        request = MeterValues(connector_id=connector.id, meter_value=[values])
        transaction = connector.transaction
        if transaction is None:
            self._outbox.post(request, leave=leave)
            return
        transaction_id = self._outbox.transaction_id(transaction.number)
        if transaction_id is None:
            # Its number comes with the answer to the start, behind which the reading waits.
            self._outbox.queue(transaction.number, request)
        else:
            request = MeterValues(
                connector_id=connector.id, transaction_id=transaction_id, meter_value=[values]
            )
            self._outbox.post(request, leave=leave)

    def _expect_sample(self, transaction: Transaction) -> None:
        interval_s = self._bench.configuration.number("MeterValueSampleInterval")
        if interval_s > 0:
            # Counted from the start of the transaction, so that lateness does not add up (OCPP 1.6, 3.16.1).
            # The grain lets a timer that fires a little early not take the same sample twice.
            passed = (self._bench.now.monotonic - transaction.began) / interval_s
            at = transaction.began + (floor(passed + GRAIN) + 1) * interval_s
            self._bench.timers.start(Timer.SAMPLE, at, transaction.connector_id)

    def _keep(self, transaction: Transaction, context: ReadingContext) -> None:
        values = self._reading(transaction.connector_id, "StopTxnSampledData", context)
        if values is not None:
            transaction.kept.append(values)

    def _keep_periodic(self, transaction: Transaction) -> None:
        transaction.samples += 1
        if transaction.samples % transaction.stride:
            return
        self._keep(transaction, ReadingContext.SAMPLE_PERIODIC)
        if len(transaction.kept) > 2 * self._bench.configuration.number("StopTransactionMaxMeterValues"):
            # Every second one goes, now and from now on, so that those that stay are evenly spaced.
            transaction.kept = transaction.kept[::2]
            transaction.stride *= 2

    def _reading(self, connector_id: int, key: str, context: ReadingContext) -> MeterValue | None:
        selection = selection_of(self._bench.configuration.text(key))
        if not selection:
            return None
        values = sampled(self._bench.meter.measured(connector_id, self._bench.now), selection, context)
        return MeterValue(timestamp=self._bench.timestamp, sampled_value=values) if values else None


def thinned(values: list[MeterValue], limit: int) -> list[MeterValue]:
    """At most `limit` of these, evenly chosen, never without the first and the last (errata 3.89)."""
    if len(values) <= limit:
        return values
    step = (len(values) - 1) / (max(limit, 2) - 1)
    return [values[round(number * step)] for number in range(max(limit, 2))]
