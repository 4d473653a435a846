"""A lab with a world around it: energy that flows while it can, power that fails, answers that are late."""

from typing import Any

from tests.unit.station.station_lab import FixedMeter, Lab

from voltline.messages import MeterValues, Request, StartTransaction, StopTransaction
from voltline.station.core.happenings import CablePlugged, Happening
from voltline.station.core.intents import Energize, Intent, Keep, Send
from voltline.station.core.moment import Moment

INITIAL_WH = 1000

Delivered = StartTransaction | MeterValues | StopTransaction


class FlowMeter(FixedMeter):
    """One watt hour a second through every connector through which energy flows."""

    def __init__(self) -> None:
        super().__init__()
        self.flowing: set[int] = set()
        self._exact_wh: dict[int, float] = {}
        self._at = 1000.0

    def advance(self, now: float) -> None:
        for connector_id in self.flowing:
            flowed = self._exact_wh.get(connector_id, INITIAL_WH) + now - self._at
            self._exact_wh[connector_id] = flowed
            self.wh[connector_id] = int(flowed)
        self._at = max(self._at, now)

    def energy_wh(self, connector_id: int, now: Moment) -> int:
        self.advance(now.monotonic)
        return super().energy_wh(connector_id, now)


class WalkingLab(Lab):
    """Knows which contactors are closed, what was queued, and what the central system has taken."""

    def __init__(self, **changes: Any) -> None:
        self.closed: set[int] = set()
        self.queued = 0
        self.delivered: list[Delivered] = []
        super().__init__(**changes)

    def _meter(self) -> FlowMeter:
        return FlowMeter()

    def do(self, happening: Happening) -> list[Intent]:
        self.meter.advance(self.now)
        intents = super().do(happening)
        self.look()
        return intents

    def look(self) -> None:
        """See through which connectors energy flows from now on."""
        self.meter.advance(self.now)
        self.meter.flowing = {
            one.id
            for one in self.core.connectors.outlets
            if one.id in self.closed and one.vehicle and one.vehicle_ready
        }

    def _take(self, intents: list[Intent]) -> None:
        for intent in intents:
            if isinstance(intent, Energize):
                (self.closed.add if intent.on else self.closed.discard)(intent.connector_id)
                self.look()
            if isinstance(intent, Keep) and intent.name.startswith("queue.") and intent.value is not None:
                self.queued += intent.name not in self.storage.load()
            super()._take([intent])

    def answer(self, send: Send) -> None:
        if isinstance(send.request, StartTransaction | MeterValues | StopTransaction) and self._is_queued(
            send.request
        ):
            self.delivered.append(send.request)
        super().answer(send)

    def _is_queued(self, request: Request[Any]) -> bool:
        """A triggered reading belongs to the moment, and is lost with it."""
        triggered = isinstance(request, MeterValues) and request.meter_value[0].sampled_value[0].context
        return triggered != "Trigger"

    def lose_power(self, outage_s: float = 0.0) -> None:
        """Contactors fall open; what hangs on the station still hangs there when it looks again."""
        hanging = [one.id for one in self.core.connectors.outlets if one.vehicle]
        self.meter.advance(self.now)
        self.closed.clear()
        self.meter.flowing.clear()
        super().lose_power(outage_s)
        for connector_id in hanging:
            self.do(CablePlugged(connector_id))
