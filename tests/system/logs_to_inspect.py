"""Logs as text, with the faults that the inspector's page is shown with. Made, not recorded."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

BEGIN = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


class Writer:
    """One station's log. `form` makes a line of the time, a word (`in`, `out`, `opened`, ...) and a text."""

    def __init__(self, form: Callable[[datetime, str, str], str]) -> None:
        self._form = form
        self.lines: list[str] = []
        self.now = BEGIN
        self._ids = 0

    @property
    def text(self) -> str:
        return "".join(line + "\n" for line in self.lines)

    def later(self, seconds: float) -> "Writer":
        self.now += timedelta(seconds=seconds)
        return self

    def write(self, word: str, text: str) -> None:
        self.lines.append(self._form(self.now, word, text))

    def clock(self) -> str:
        return f"{self.now:%Y-%m-%dT%H:%M:%S}Z"

    def call(self, action: str, payload: Any, *, by_central: bool = False) -> str:
        self._ids += 1
        message_id = f"{self._ids:08x}"
        self.write("out" if by_central else "in", json.dumps([2, message_id, action, payload]))
        return message_id

    def answer(self, message_id: str, payload: Any, *, by_station: bool = False) -> None:
        self.write("in" if by_station else "out", json.dumps([3, message_id, payload]))

    def ask(
        self, action: str, payload: Any, response: Any, *, by_central: bool = False, after: float = 0.2
    ) -> None:
        message_id = self.call(action, payload, by_central=by_central)
        self.later(after).answer(message_id, response, by_station=by_central)

    # ---- everyday

    def boot(self, vendor: str = "Voltmaker", model: str = "Wall One", firmware: str = "2.1.0") -> None:
        told = {"chargePointVendor": vendor, "chargePointModel": model, "firmwareVersion": firmware}
        answer = {"currentTime": self.clock(), "interval": 300, "status": "Accepted"}
        self.ask("BootNotification", told, answer)

    def status(self, word: str, connector: int = 1, error: str = "NoError") -> None:
        told = {"connectorId": connector, "errorCode": error, "status": word, "timestamp": self.clock()}
        self.ask("StatusNotification", told, {})

    def heartbeat(self) -> None:
        self.ask("Heartbeat", {}, {"currentTime": self.clock()})

    def start(self, transaction: int | None, tag: str, meter: float, connector: int = 1) -> None:
        told = {"connectorId": connector, "idTag": tag, "meterStart": int(meter), "timestamp": self.clock()}
        answer: dict[str, Any] = {"idTagInfo": {"status": "Accepted"}}
        if transaction is not None:
            answer["transactionId"] = transaction
        self.ask("StartTransaction", told, answer)

    def metered(self, transaction: int, meter: float, watt: float, ampere: float, connector: int = 1) -> None:
        sampled = [
            {"value": f"{meter:.0f}", "measurand": "Energy.Active.Import.Register", "unit": "Wh"},
            {"value": f"{watt:.0f}", "measurand": "Power.Active.Import", "unit": "W"},
            {"value": f"{ampere:.1f}", "measurand": "Current.Import", "unit": "A"},
        ]
        told = {
            "connectorId": connector,
            "transactionId": transaction,
            "meterValue": [{"timestamp": self.clock(), "sampledValue": sampled}],
        }
        self.ask("MeterValues", told, {})

    def stop(self, transaction: int, tag: str, meter: float, reason: str = "Local") -> None:
        told = {
            "transactionId": transaction,
            "idTag": tag,
            "meterStop": int(meter),
            "timestamp": self.clock(),
            "reason": reason,
        }
        self.ask("StopTransaction", told, {"idTagInfo": {"status": "Accepted"}})

    def session(
        self, transaction: int, minutes: int, ampere: float, *, tag: str, meter: float, connector: int = 1
    ) -> float:
        """Preparing to Available, a reading a minute on three phases; returns the meter's last reading."""
        self.status("Preparing", connector)
        self.later(4).ask("Authorize", {"idTag": tag}, {"idTagInfo": {"status": "Accepted"}})
        self.later(2).start(transaction, tag, meter, connector)
        self.later(1).status("Charging", connector)
        for minute in range(minutes):
            drawn = ampere * min((minute + 1) / 3, 1, max((minutes - minute) / 6, 0.2))
            meter += drawn * 690 / 60
            self.later(60).metered(transaction, meter, drawn * 690, drawn, connector)
        self.later(3).status("SuspendedEV", connector)
        self.later(400).stop(transaction, tag, meter, "EVDisconnected")
        self.later(1).status("Finishing", connector)
        self.later(20).status("Available", connector)
        return meter


def in_steve() -> Callable[[datetime, str, str], str]:
    """As SteVe's WebSocketLogger writes, with a session id for each connection."""
    connections = count()
    number = 0

    def line(at: datetime, word: str, text: str) -> str:
        nonlocal number
        if word == "opened":
            number = next(connections)
        return _steve_line(at, word, text, number)

    return line


def _steve_line(at: datetime, word: str, text: str, connection: int) -> str:
    told = {
        "in": f"Received: {text}",
        "out": f"Sending: {text}",
        "opened": "Connection is established",
        "closed": f"Connection is closed, status: CloseStatus[code=1006, reason={text}]",
    }[word]
    clock = f"{at:%Y-%m-%d %H:%M:%S},{at.microsecond // 1000:03}"
    logger = "de.rwth.idsg.steve.ocpp.ws.WebSocketLogger (qtp24-36)"
    return f"[INFO ] {clock} {logger} - [chargeBoxId=DEPOT-7, sessionId=aa{connection:02}] {told}"


def in_delta(at: datetime, word: str, text: str) -> str:
    """As a Delta AC MAX writes into its own syslog."""
    clock = f"{at:%b %d %H:%M:%S}.{at.microsecond // 1000:03} OpenWrt"
    ocpp = f"{clock} local7.info OpenWrt[2484]: [Info][OCPP16J]"
    return {
        "in": f"{ocpp}Send:pu8SendBuf={text}",
        "out": f"{ocpp}Receive:pu8RecvBuf={text}",
        "opened": f"{clock} user.info InfraMgmt[2354]: [Infra] Backend connection success",
        "closed": f"{clock} user.info InfraMgmt[2354]: [Infra] Backend connection fail",
        "note": f"{clock} {text}",
    }[word]


def delta_ac_max() -> str:
    """A schedule of 16 periods stalls it, and limits of 0.1 A leave no power."""
    log = Writer(in_delta)
    log.write("opened", "")
    log.later(1).boot("Delta", "AC MAX", "01.26.38")
    for connector in (0, 1):
        log.later(1).status("Available", connector)
    told = [{"key": "ChargingScheduleMaxPeriods", "readonly": True, "value": "20"}]
    log.later(2).ask("GetConfiguration", {}, {"configurationKey": told}, by_central=True)
    meter = 120_000.0
    log.later(300).status("Preparing")
    log.later(5).start(7, "04A1B2C3D4", meter)
    log.later(2).status("Charging")
    meter = _charged(log, 7, meter, 25, 16.0)
    _limit(log, 7, [(0, 0.1)])
    log.later(8).status("SuspendedEVSE")
    meter = _charged(log, 7, meter, 12, 0.0)
    _limit(log, 7, [(0, 10.0)])
    log.later(8).status("Charging")
    meter = _charged(log, 7, meter, 15, 10.0)
    periods = [(900 * i, 16.0 if i % 2 else 6.0) for i in range(16)]
    message_id = log.call("SetChargingProfile", _profile(log, 7, periods), by_central=True)
    log.later(31).answer(message_id, {"status": ""}, by_station=True)
    log.write("note", "user.err InfraMgmt[2354]: [Error] SetChargingProfileConf process time out")
    log.later(1).write("closed", "")
    log.later(95).write("opened", "")
    log.later(2).boot("Delta", "AC MAX", "01.26.38")
    log.later(2).status("Charging")
    meter = _charged(log, 7, meter, 20, 10.0)
    _limit(log, 7, [(0, 0.1)])
    log.later(6).status("SuspendedEVSE")
    meter = _charged(log, 7, meter, 10, 0.0)
    log.later(5).stop(7, "04A1B2C3D4", meter)
    log.later(2).status("Finishing")
    log.later(30).status("Available")
    for _ in range(4):
        log.later(300).heartbeat()
    return log.text


def _charged(log: Writer, transaction: int, meter: float, minutes: int, ampere: float) -> float:
    for minute in range(minutes):
        drawn = ampere * (0.97 + 0.02 * (minute % 3))
        meter += drawn * 690 / 60
        log.later(60).metered(transaction, meter, drawn * 690, drawn)
    return meter


def _profile(log: Writer, transaction: int, periods: list[tuple[int, float]]) -> dict[str, Any]:
    return {
        "connectorId": 1,
        "csChargingProfiles": {
            "chargingProfileId": 1,
            "transactionId": transaction,
            "stackLevel": 1,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Absolute",
            "chargingSchedule": {
                "startSchedule": log.clock(),
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [
                    {"startPeriod": start, "limit": limit, "numberPhases": 3} for start, limit in periods
                ],
            },
        },
    }


def _limit(log: Writer, transaction: int, periods: list[tuple[int, float]]) -> None:
    log.later(4).ask(
        "SetChargingProfile", _profile(log, transaction, periods), {"status": "Accepted"}, by_central=True
    )


def lost_transaction_id() -> str:
    """Three sessions; of the second the central system never says the transaction's id."""
    log = Writer(in_steve())
    log.write("opened", "")
    log.later(1).boot()
    for connector in (0, 1):
        log.later(1).status("Available", connector)
    meter = log.later(90).session(501, 40, 16.0, tag="ALICE", meter=5_000)
    for _ in range(3):
        log.later(300).heartbeat()
    log.later(40).status("Preparing")
    log.later(4).ask("Authorize", {"idTag": "BOB"}, {"idTagInfo": {"status": "Accepted"}})
    log.later(2).call(
        "StartTransaction",
        {"connectorId": 1, "idTag": "BOB", "meterStart": int(meter), "timestamp": log.clock()},
    )
    log.later(1).status("Charging")
    meter = _charged(log, -1, meter, 35, 15.0)
    log.later(5).stop(-1, "BOB", meter)
    log.later(1).status("Finishing")
    log.later(10).status("Available")
    for _ in range(2):
        log.later(300).heartbeat()
    log.session(503, 30, 12.0, tag="CAROL", meter=meter)
    log.later(200).heartbeat()
    return log.text


def flapping_connection() -> str:
    """Two sessions over a radio link that breaks some twenty times, with boots now and then."""
    log = Writer(in_steve())
    log.write("opened", "")
    log.later(1).boot()
    for connector in (0, 1, 2):
        log.later(1).status("Available", connector)
    meter = 9_000.0
    for number in range(22):
        if number in (4, 13):
            connector = 1 if number == 4 else 2
            meter = log.session(600 + number, 25, 16.0, tag=f"TAG{number}", meter=meter, connector=connector)
        for _ in range(2 + number % 3):
            log.later(290).heartbeat()
        log.later(25 + number * 71 % 240).write("closed", "Session Closed")
        log.later(20 + 37 * (number % 5)).write("opened", "")
        if number % 6 == 5:
            log.later(1).boot()
            for connector in (0, 1, 2):
                log.later(1).status("Available", connector)
    log.later(100).heartbeat()
    return log.text
