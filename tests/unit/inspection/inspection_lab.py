"""A log in a few lines, and what the inspector makes of it.

    log = Log()
    log.at(0).station('[2,"1","Heartbeat",{}]')
    log.at(0.2).central('[3,"1",{"currentTime":"2026-03-01T08:00:00Z"}]')
    assert log.found("R01") == []

Helpers `call` and `answer` write a frame and give the message id; `ask` writes both.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import msgspec

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.engine import StationInspection
from voltline.inspection.events import Event
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Findings
from voltline.inspection.records import Damage, Direction, Record, RecordKind
from voltline.inspection.registry import all_detectors

BEGIN = datetime(2026, 3, 1, 8, 0, 0, tzinfo=UTC)
STATION = "CP-7"


def clock(seconds: float) -> str:
    """That many seconds into the log, as a station writes a time."""
    return (BEGIN + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Log:
    """Records in the order in which they are written, one line each."""

    def __init__(self, *, timed: bool = True) -> None:
        self.records: list[Record] = []
        self.now: float = 0.0
        self._timed = timed
        self._ids = 0

    def at(self, seconds: float) -> Self:
        """What follows is logged at that many seconds."""
        self.now = seconds
        return self

    def later(self, seconds: float) -> Self:
        """What follows is logged so much later."""
        self.now += seconds
        return self

    def write(self, text: str, kind: RecordKind = RecordKind.FRAME, **more: Any) -> Self:
        """Any record."""
        at = BEGIN + timedelta(seconds=self.now) if self._timed else None
        line = len(self.records) + 1
        self.records.append(Record("lab.log", line, text, kind, **{"at": at, "station": STATION, **more}))
        return self

    def station(self, text: str, *, damage: tuple[Damage, ...] = (), **more: Any) -> Self:
        """A frame from the charge point."""
        return self.write(text, direction=Direction.FROM_STATION, damage=damage, **more)

    def central(self, text: str, *, damage: tuple[Damage, ...] = (), **more: Any) -> Self:
        """A frame from the central system."""
        return self.write(text, direction=Direction.FROM_CENTRAL, damage=damage, **more)

    def connected(self, text: str = "/ocpp/CP-7", **more: Any) -> Self:
        """A connection is opened."""
        return self.write(text, RecordKind.CONNECTED, **more)

    def disconnected(self, text: str = "1006", **more: Any) -> Self:
        """A connection is lost."""
        return self.write(text, RecordKind.DISCONNECTED, **more)

    def note(self, text: str) -> Self:
        """A line of the vendor's own."""
        return self.write(text, RecordKind.NOTE)

    def call(
        self, action: str, payload: Any = None, *, by_central: bool = False, message_id: str = ""
    ) -> str:
        """A CALL; returns its message id."""
        self._ids += 1
        message_id = message_id or f"m{self._ids}"
        text = msgspec.json.encode([2, message_id, action, payload or {}]).decode()
        (self.central if by_central else self.station)(text)
        return message_id

    def answer(self, message_id: str, payload: Any = None, *, by_station: bool = False) -> Self:
        """A CALLRESULT."""
        text = msgspec.json.encode([3, message_id, payload or {}]).decode()
        return (self.station if by_station else self.central)(text)

    def ask(
        self,
        action: str,
        payload: Any = None,
        response: Any = None,
        *,
        by_central: bool = False,
        after: float = 0.2,
    ) -> Self:
        """A CALL and, so many seconds later, its CALLRESULT."""
        message_id = self.call(action, payload, by_central=by_central)
        return self.later(after).answer(message_id, response, by_station=by_central)

    # ---- everyday

    def boot(self, status: str = "Accepted", interval: int = 300) -> Self:
        """BootNotification and the answer."""
        return self.ask(
            "BootNotification",
            {"chargePointVendor": "Lab", "chargePointModel": "One", "firmwareVersion": "1.0"},
            {"currentTime": clock(self.now), "interval": interval, "status": status},
        )

    def heartbeat(self) -> Self:
        """Heartbeat and the answer."""
        return self.ask("Heartbeat", {}, {"currentTime": clock(self.now)})

    def status(self, status: str, connector: int = 1, error: str = "NoError", **more: Any) -> Self:
        """StatusNotification and the answer."""
        payload = {
            "connectorId": connector,
            "errorCode": error,
            "status": status,
            "timestamp": clock(self.now),
        }
        return self.ask("StatusNotification", payload | more)

    def start(
        self, transaction: int = 1, connector: int = 1, meter: int = 1000, tag: str = "TAG1", **answer: Any
    ) -> Self:
        """StartTransaction, confirmed."""
        return self.ask(
            "StartTransaction",
            {"connectorId": connector, "idTag": tag, "meterStart": meter, "timestamp": clock(self.now)},
            {"transactionId": transaction, "idTagInfo": {"status": "Accepted"}} | answer,
        )

    def meter(
        self,
        *sampled: dict[str, Any],
        transaction: int | None = 1,
        connector: int = 1,
        at: float | None = None,
    ) -> Self:
        """MeterValues with one meter value, and the answer."""
        payload: dict[str, Any] = {
            "connectorId": connector,
            "meterValue": [
                {"timestamp": clock(self.now if at is None else at), "sampledValue": list(sampled)}
            ],
        }
        if transaction is not None:
            payload["transactionId"] = transaction
        return self.ask("MeterValues", payload)

    def stop(self, transaction: int = 1, meter: int = 9000, tag: str = "TAG1", **more: Any) -> Self:
        """StopTransaction and the answer."""
        payload = {
            "transactionId": transaction,
            "idTag": tag,
            "meterStop": meter,
            "timestamp": clock(self.now),
        }
        return self.ask("StopTransaction", payload | more, {"idTagInfo": {"status": "Accepted"}})

    # ---- what is made of it

    def inspected(
        self,
        *detectors: type[Detector],
        settings: dict[str, DetectorSettings] | None = None,
        live: bool = False,
    ) -> tuple[list[Finding], StationInspection]:
        """All findings, merged, worst first, and the inspection itself; by all detectors if none is named."""
        inspection = StationInspection(STATION, detectors or all_detectors(), settings)
        findings = Findings()
        for record in self.records:
            for finding in inspection.feed(record):
                findings.add(finding)
        if not live:
            for finding in inspection.end():
                findings.add(finding)
        return list(findings), inspection

    def found(self, detector_id: str, settings: DetectorSettings | None = None) -> list[Finding]:
        """The findings of one detector."""
        chosen: Sequence[type[Detector]] = [one for one in all_detectors() if one.id == detector_id]
        assert chosen, f"no detector has the id {detector_id}"
        return self.inspected(*chosen, settings=None if settings is None else {detector_id: settings})[0]

    def facts(self) -> Facts:
        """What is known of the station at the end."""
        return self.inspected(live=True)[1].facts


def events_of(log: Log) -> list[Event]:
    """Everything that the timeline and the sessions say."""
    seen: list[Event] = []

    class Witness(Detector):
        id = "WITNESS"

        def see(self, event: Event, facts: Facts) -> tuple[()]:
            seen.append(event)
            return ()

    Witness.events = tuple(_all_events(Event))
    log.inspected(Witness)
    return seen


def _all_events(kind: type[Event]) -> list[type[Event]]:
    found = [kind]
    for below in kind.__subclasses__():
        found += _all_events(below)
    return found
