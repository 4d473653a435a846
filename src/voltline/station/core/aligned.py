"""Clock-aligned meter values: every day is cut into intervals of one length from midnight UTC on.

OCPP 1.6, 3.16.2 and 9.1.5; errata 3.16 and 3.75. What belongs to an interval is told at its end and bears the
time of its start: registers as they were read then, energy of the interval as it was summed up, everything
else averaged. A transaction cuts the interval that it begins or ends in.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec.structs import replace

from voltline.messages import MeterValue, MeterValues, ReadingContext
from voltline.station.core.bench import Bench
from voltline.station.core.connectors import Connectors
from voltline.station.core.hardware import Measured
from voltline.station.core.measurands import selection_of
from voltline.station.core.outbox import Outbox
from voltline.station.core.readings import Place, place_of, register_of, sampled
from voltline.station.core.timers import Timer
from voltline.station.core.transaction import Transaction

LOOK_S = 60.0
"""How often a meter is looked at within an interval, to average what it shows."""


class Mean:
    """One quantity at one place over a span of time; between two looks it is taken to change evenly."""

    __slots__ = ("_area", "_looked_at", "_since", "first", "last")

    def __init__(self, measured: Measured, now: float) -> None:
        self.first = self.last = measured
        self._since = self._looked_at = now
        self._area = 0.0

    def look(self, measured: Measured, now: float) -> None:
        """Take in what the meter shows now, in seconds of the monotonic clock."""
        self._area += (self.last.value + measured.value) / 2 * (now - self._looked_at)
        self.last = measured
        self._looked_at = now

    @property
    def average(self) -> float:
        """Over the time from the first look to the last."""
        seconds = self._looked_at - self._since
        return self._area / seconds if seconds > 0 else self.last.value


class Span:
    """A part of the day at one connector, as its meter sees it."""

    __slots__ = ("_means", "is_whole", "started_at")

    def __init__(self, started_at: datetime, is_whole: bool) -> None:
        self.started_at = started_at
        self.is_whole = is_whole
        """Whether it began where an interval begins."""
        self._means: dict[Place, Mean] = {}

    def look(self, values: Iterable[Measured], now: float) -> None:
        """Take in everything that the meter shows now."""
        for one in values:
            place = place_of(one)
            mean = self._means.get(place)
            if mean is None:
                self._means[place] = Mean(one, now)
            else:
                mean.look(one, now)

    def values(self) -> list[Measured]:
        """What it comes to."""
        return [replace(mean.last, value=self._value(mean)) for mean in self._means.values()]

    def _value(self, mean: Mean) -> float:
        if mean.last.measurand.endswith(".Register"):
            return mean.first.value
        place = register_of(place_of(mean.last))
        if place is not None and (register := self._means.get(place)) is not None:
            return register.last.value - register.first.value
        return mean.average


class Aligned:
    """The spans of all connectors, which all stations begin at the same instants."""

    def __init__(self, bench: Bench, outbox: Outbox) -> None:
        self._bench = bench
        self._outbox = outbox
        self._spans: dict[int, Span] = {}

    @property
    def interval_s(self) -> int:
        """0 means none."""
        return self._bench.configuration.number("ClockAlignedDataInterval")

    def restart(self, connectors: Connectors) -> None:
        """Begin anew, after power-up or with another interval."""
        self._spans.clear()
        self._bench.timers.cancel(Timer.ALIGNED)
        if self.interval_s:
            for connector_id in self._metered(connectors):
                self._begin(connector_id, self._bench.timestamp)
            self.expect()

    def expect(self) -> None:
        """Set the time of the next look by the clock as it is now."""
        if self._spans:
            left_s = (self._bounds(self._bench.clock)[1] - self._bench.clock).total_seconds()
            self._bench.wait(Timer.ALIGNED, min(left_s, LOOK_S))

    def due(self, connectors: Connectors) -> None:
        """Look at the meters, and where an interval is over, tell it and begin the next."""
        now = self._bench.timestamp
        start = self._bounds(now)[0]
        for connector_id in tuple(self._spans):
            span = self._spans[connector_id]
            if start <= span.started_at <= now:
                self._look(connector_id)
            else:
                self._close(connector_id, connectors.any(connector_id).transaction)
                self._begin(connector_id, start)
        self.expect()

    def cut(self, connector_id: int, transaction: Transaction | None) -> None:
        """A transaction begins or ends here; `transaction` is the one until now.

        Its part of the interval is told. Without one only whole intervals are of use.
        """
        if connector_id in self._spans:
            now = self._bench.timestamp
            if transaction is not None or now == self._bounds(now)[0]:
                self._close(connector_id, transaction)
            self._begin(connector_id, now)

    def _metered(self, connectors: Connectors) -> Iterable[int]:
        return (one.id for one in connectors if one.id or self._bench.hardware.main_meter)

    def _bounds(self, moment: datetime) -> tuple[datetime, datetime]:
        """Where the interval of that moment begins and ends; the last one of a day ends with it."""
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        length = timedelta(seconds=self.interval_s)
        start = midnight + (moment - midnight) // length * length
        return start, min(start + length, midnight + timedelta(days=1))

    def _begin(self, connector_id: int, started_at: datetime) -> None:
        self._spans[connector_id] = Span(started_at, started_at == self._bounds(started_at)[0])
        self._look(connector_id)

    def _look(self, connector_id: int) -> None:
        now = self._bench.now
        self._spans[connector_id].look(self._bench.meter.measured(connector_id, now), now.monotonic)

    def _close(self, connector_id: int, transaction: Transaction | None) -> None:
        self._look(connector_id)
        span = self._spans.pop(connector_id)
        if span.started_at == self._bench.timestamp or (transaction is None and not span.is_whole):
            return
        values = span.values()
        told = self._chosen("MeterValuesAlignedData", span, values)
        if told is not None:
            number = 0 if transaction is None else transaction.number
            self._outbox.queue(number, MeterValues(connector_id=connector_id, meter_value=[told]))
        if transaction is not None:
            kept = self._chosen("StopTxnAlignedData", span, values)
            if kept is not None:
                most = self._bench.configuration.number("StopTransactionMaxMeterValues")
                transaction.keep(kept, ReadingContext.SAMPLE_CLOCK, most)

    def _chosen(self, key: str, span: Span, values: list[Measured]) -> MeterValue | None:
        configuration = self._bench.configuration
        selection = selection_of(configuration.text(key))
        chosen = sampled(values, selection, ReadingContext.SAMPLE_CLOCK, configuration.celsius)
        return MeterValue(timestamp=span.started_at, sampled_value=chosen) if chosen else None
