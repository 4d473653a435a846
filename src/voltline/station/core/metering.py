"""Readings of a transaction: periodic ones, its first and last, and those that are asked for.

OCPP 1.6, 3.16 and 4.7; errata 3.13 to 3.16. What is configured and measurable is reported for every phase.
"""

from datetime import datetime
from math import floor

from voltline.messages import MeterValue, MeterValues, ReadingContext
from voltline.station.core.aligned import Aligned
from voltline.station.core.bench import Bench
from voltline.station.core.connectors import Connector, Connectors
from voltline.station.core.measurands import Selection, selection_of
from voltline.station.core.outbox import Leave, Outbox
from voltline.station.core.readings import (
    INTERVALS,
    REGISTERS,
    intervals_since,
    needed_for,
    registers_in,
    sampled,
)
from voltline.station.core.timers import Timer
from voltline.station.core.transaction import Transaction

GRAIN = 0.01
"""The part of an interval by which a timer may be early."""

SAMPLED = "MeterValuesSampledData"
KEPT = "StopTxnSampledData"
KEPT_ALIGNED = "StopTxnAlignedData"
"""The configuration keys that choose what is told."""


class Metering:
    """Takes the readings of running transactions at their times."""

    def __init__(self, bench: Bench, outbox: Outbox) -> None:
        self._bench = bench
        self._outbox = outbox
        self.aligned = Aligned(bench, outbox)

    def begin(self, transaction: Transaction) -> None:
        """Take the first reading and set the time of the next."""
        self.aligned.cut(transaction.connector_id, None)
        self._mark(transaction)
        self._keep(transaction, ReadingContext.TRANSACTION_BEGIN)
        self._expect_sample(transaction)

    def end(self, transaction: Transaction) -> list[MeterValue]:
        """Take the last reading; give what belongs in StopTransaction.transactionData, perhaps nothing."""
        self._bench.timers.cancel(Timer.SAMPLE, transaction.connector_id)
        self.aligned.cut(transaction.connector_id, transaction)
        self._keep(transaction, ReadingContext.TRANSACTION_END)
        # What is aligned bears the time of its start, and so belongs before what was sampled in between.
        in_order = sorted(transaction.kept, key=_timestamp)
        return thinned(in_order, self._most)

    def sample_due(self, transaction: Transaction) -> None:
        """Send a periodic reading of the transaction, and keep one if it shall be told again at the end."""
        self._expect_sample(transaction)
        self._send(transaction, ReadingContext.SAMPLE_PERIODIC)
        self._keep(transaction, ReadingContext.SAMPLE_PERIODIC)
        self._mark(transaction)

    def energy_switched(self, transaction: Transaction, on: bool) -> None:
        """The contactor moved during the transaction: but for the first time that is an interruption."""
        if not transaction.has_flowed:
            transaction.has_flowed = on
            return
        context = ReadingContext.INTERRUPTION_END if on else ReadingContext.INTERRUPTION_BEGIN
        if self._sample_interval_s > 0:
            self._send(transaction, context)
        self._keep(transaction, context)

    def interval_changed(self, connectors: Connectors) -> None:
        """Keep to the new interval from now on."""
        for connector in connectors.outlets:
            if connector.transaction is not None:
                self._bench.timers.cancel(Timer.SAMPLE, connector.id)
                self._expect_sample(connector.transaction)

    def send_newest(self, connector: Connector, leave: Leave) -> None:
        """Answer a trigger: the newest values, of the moment only (OCPP 1.6, 5.17)."""
        transaction = connector.transaction
        selection = self._selection(SAMPLED)
        values = self._reading(connector.id, selection, ReadingContext.TRIGGER, transaction)
        if values is None:
            return
        request = MeterValues(connector_id=connector.id, meter_value=[values])
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

    @property
    def _sample_interval_s(self) -> int:
        return self._bench.configuration.number("MeterValueSampleInterval")

    @property
    def _most(self) -> int:
        return self._bench.configuration.number("StopTransactionMaxMeterValues")

    def _expect_sample(self, transaction: Transaction) -> None:
        interval_s = self._sample_interval_s
        if interval_s > 0:
            # Counted from the start of the transaction, so that lateness does not add up (OCPP 1.6, 3.16.1).
            # The grain lets a timer that fires a little early not take the same sample twice.
            passed = (self._bench.now.monotonic - transaction.began) / interval_s
            at = transaction.began + (floor(passed + GRAIN) + 1) * interval_s
            self._bench.timers.start(Timer.SAMPLE, at, transaction.connector_id)

    def _send(self, transaction: Transaction, context: ReadingContext) -> None:
        selection = self._selection(SAMPLED)
        values = self._reading(transaction.connector_id, selection, context, transaction)
        if values is not None:
            request = MeterValues(connector_id=transaction.connector_id, meter_value=[values])
            self._outbox.queue(transaction.number, request)

    def _keep(self, transaction: Transaction, context: ReadingContext) -> None:
        selection = self._selection(KEPT)
        if context in (ReadingContext.TRANSACTION_BEGIN, ReadingContext.TRANSACTION_END):
            # Of every measurand that StopTransaction tells at all, aligned ones too (errata 3.14).
            selection += self._selection(KEPT_ALIGNED)
        values = self._reading(transaction.connector_id, selection, context, transaction)
        if values is not None:
            transaction.keep(values, context, self._most)

    def _mark(self, transaction: Transaction) -> None:
        """Count the energy of intervals from here, if any is told."""
        if _tells_intervals(self._selection(SAMPLED)) or _tells_intervals(self._selection(KEPT)):
            meter, now = self._bench.meter, self._bench.now
            measured = meter.measured(transaction.connector_id, now, REGISTERS)
            transaction.marks = registers_in(measured)

    def _selection(self, key: str) -> Selection:
        return selection_of(self._bench.configuration.text(key))

    def _reading(
        self,
        connector_id: int,
        selection: Selection,
        context: ReadingContext,
        transaction: Transaction | None,
    ) -> MeterValue | None:
        if not selection:
            return None
        measured = self._bench.meter.measured(connector_id, self._bench.now, needed_for(selection))
        timestamp = self._bench.timestamp
        if transaction is not None:
            if _tells_intervals(selection):
                measured = intervals_since(transaction.marks, measured)
            timestamp = transaction.power_lost_at or timestamp
        values = sampled(measured, selection, context, self._bench.configuration.celsius)
        return MeterValue(timestamp=timestamp, sampled_value=values) if values else None


def _tells_intervals(selection: Selection) -> bool:
    return any(measurand in INTERVALS for measurand, _ in selection)


def _timestamp(value: MeterValue) -> datetime:
    return value.timestamp


def thinned(values: list[MeterValue], limit: int) -> list[MeterValue]:
    """At most `limit` of these, but the first and the last in any case (errata 3.89).

    Those in between are evenly chosen of every kind, periodic and aligned ones alike.
    """
    if len(values) <= limit:
        return values
    between = range(1, len(values) - 1)
    kinds: dict[object, list[int]] = {}
    for index in between:
        kinds.setdefault(values[index].sampled_value[0].context, []).append(index)
    chosen = [0, len(values) - 1]
    for kind in kinds.values():
        count = max(limit - 2, 0) * len(kind) // len(between)
        step = (len(kind) + 1) / (count + 1)
        chosen += [kind[round((number + 1) * step) - 1] for number in range(count)]
    return [values[index] for index in sorted(chosen)]
