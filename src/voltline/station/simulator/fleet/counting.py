"""Hears what all stations of a process do, and counts it."""

from __future__ import annotations

from voltline.messages import StartTransaction, StartTransactionResponse, StopTransaction
from voltline.station.core.happenings import Answered, Failed
from voltline.station.core.intents import Matter, Notice
from voltline.station.device.listener import Exchange, Listener
from voltline.station.simulator.fleet.tally import ActionTally, Tally


class Counting(Listener):
    """One for a whole fleet: none of the counts needs to know which station it was."""

    def __init__(self) -> None:
        self.tally = Tally()
        self._meter_starts: dict[int, int] = {}

    def exchanged(self, exchange: Exchange) -> None:
        tally = self.tally
        if not exchange.own:
            tally.asked += 1
            return
        name = type(exchange.request).__name__
        action = tally.actions.get(name)
        if action is None:
            action = tally.actions[name] = ActionTally()
        outcome = exchange.outcome
        if isinstance(outcome, Answered):
            action.answered += 1
            action.latency.add(exchange.took_s)
            if name in ("StartTransaction", "StopTransaction"):
                self._account(exchange, outcome)
        elif isinstance(outcome, Failed):
            action.failed += 1
            kind = outcome.failure.value
            tally.errors[kind] = tally.errors.get(kind, 0) + 1

    def _account(self, exchange: Exchange, outcome: Answered) -> None:
        request, response = exchange.request, outcome.response
        if isinstance(request, StartTransaction) and isinstance(response, StartTransactionResponse):
            self.tally.started += 1
            self._meter_starts[response.transaction_id] = request.meter_start
        elif isinstance(request, StopTransaction):
            self.tally.stopped += 1
            began = self._meter_starts.pop(request.transaction_id, request.meter_stop)
            self.tally.energy_wh += request.meter_stop - began

    def linked(self, up: bool, text: str) -> None:
        self.tally.connected += 1 if up else -1
        if up:
            self.tally.connections += 1
        else:
            self.tally.lost_connections += 1

    def noticed(self, notice: Notice) -> None:
        if notice.matter is Matter.QUEUE and " given up " in notice.text:
            self.tally.given_up_messages += 1
