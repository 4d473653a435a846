"""A log as SteVe writes it: two charge points, some faults, and things that nobody else should read."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

BEGIN = datetime(2026, 3, 1, 8, tzinfo=UTC)
KEY = "0123456789abcdef0123"
TAG, OTHER_TAG = "04D7A19B5E2F80", "Test Card 12"
SERIAL, METER, BOX = "DLT-55-99812", "MTR-4711-0815", "BOX77SERIAL0001"
ICCID, IMSI = "8949020000012345678", "262011234567890"
HOST, ADDRESS, PASSWORD = "ocpp.acme-energy.example.com", "192.168.178.23", "s3cret-Pw"
STATIONS = ("ACME-HQ-01", "ACME-HQ-02")
HIDDEN = (KEY, TAG, OTHER_TAG, SERIAL, METER, BOX, ICCID, IMSI, HOST, ADDRESS, PASSWORD, *STATIONS, "acme-hq")


class SteveLog:
    """Lines, one after the other; `ask` writes a call with its answer."""

    def __init__(self, station: str = STATIONS[0]) -> None:
        self.lines: list[str] = []
        self.name = station
        self._seconds = 0.0
        self._ids = 0
        self._connections = 0

    def of(self, station: str) -> Self:
        """What follows is of that charge point."""
        self.name = station
        return self

    def later(self, seconds: float) -> Self:
        """What follows is logged so much later."""
        self._seconds += seconds
        return self

    @property
    def clock(self) -> str:
        """The time it is, as a charge point writes it."""
        return (BEGIN + timedelta(seconds=self._seconds)).isoformat().replace("+00:00", "Z")

    def say(self, word: str, text: str) -> Self:
        """A line of the station's session."""
        if word == "Connection is established":
            self._connections += 1
        at = (BEGIN + timedelta(seconds=self._seconds)).strftime("%Y-%m-%d %H:%M:%S,%f")[:-3]
        before = f"[INFO ] {at} d.r.s.o.ws.WebSocketLogger (qtp-1) - "
        self.lines.append(
            f"{before}[chargeBoxId={self.name}, sessionId=s{self._connections}-{self.name}] {word}{text}"
        )
        return self

    def ask(self, action: str, payload: str, answer: str | None = "{}", *, station: bool = True) -> Self:
        """A call of the charge point (or of the central system), and its answer, if any."""
        self._ids += 1
        words = ("Received: ", "Sending: ") if station else ("Sending: ", "Received: ")
        self.later(1).say(words[0], f'[2,"m{self._ids}","{action}",{payload}]')
        if answer is not None:
            self.later(0.2).say(words[1], f'[3,"m{self._ids}",{answer}]')
        return self

    def write(self, path: Path) -> Path:
        """The file."""
        path.write_text("\n".join(self.lines) + "\n")
        return path


def full_log(*names: str) -> SteveLog:
    """Boots, settings with a key in clear, an upload, stops that nobody answers, a lost connection."""
    log = SteveLog()
    for number, station in enumerate(names or STATIONS):
        log.of(station).say("Connection is established", "")
        log.ask(
            "BootNotification",
            f'{{"chargePointVendor":"Acme","chargePointModel":"M 2",'
            f'"chargePointSerialNumber":"{SERIAL}{number}","chargeBoxSerialNumber":"{BOX}",'
            f'"firmwareVersion":"1.2.3.4","iccid":"{ICCID}","imsi":"{IMSI}",'
            f'"meterSerialNumber":"{METER}"}}',
            f'{{"currentTime":"{log.clock}","interval":300,"status":"Accepted"}}',
        )
        for connector in (0, 1):
            state = f'"connectorId":{connector},"errorCode":"NoError","status":"Available"'
            log.ask("StatusNotification", f'{{{state},"info":"by {TAG}"}}')
    log.ask(
        "GetConfiguration",
        "{}",
        '{"configurationKey":[{"key":"HeartbeatInterval","readonly":false,"value":"300"},'
        f'{{"key":"AuthorizationKey","readonly":false,"value":"{KEY}"}},'
        f'{{"value":"wss://user:{PASSWORD}@{HOST}:9000/ocpp/{log.name}?token=abcdef99","readonly":false,'
        f'"key":"BackendUrl"}},{{"key":"IpAddress","readonly":true,"value":"{ADDRESS}"}}]}}',
        station=False,
    )
    location = f"ftp://diag:{PASSWORD}@{ADDRESS}/up"
    log.ask("GetDiagnostics", f'{{"location":"{location}"}}', '{"fileName":"a.zip"}', station=False)
    inner = f'{{\\"idTag\\":\\"{TAG}\\",\\"mac\\":\\"00:1A:2B:3C:4D:5E\\"}}'
    log.ask("DataTransfer", f'{{"vendorId":"Acme","data":"{inner}"}}', '{"status":"Accepted"}')
    for number, tag in enumerate((TAG, OTHER_TAG, TAG)):
        log.later(600)
        meter = 1000 + 5000 * number
        log.ask(
            "StartTransaction",
            f'{{"connectorId":1,"idTag":"{tag}","meterStart":{meter},"timestamp":"{log.clock}"}}',
            f'{{"transactionId":{number + 1},'
            f'"idTagInfo":{{"status":"Accepted","parentIdTag":"{OTHER_TAG}"}}}}',
        )
        log.later(300)
        log.ask(
            "StopTransaction",
            f'{{"transactionId":{number + 1},"idTag":"{tag}","meterStop":{meter + 5000},'
            f'"timestamp":"{log.clock}"}}',
            None if number else '{"idTagInfo":{"status":"Accepted"}}',
        )
    log.later(120).say("Connection is closed", ", status: CloseStatus[code=1006, reason=null]")
    log.later(60).say("Connection is established", "")
    return log.ask("Heartbeat", "{}", f'{{"currentTime":"{log.clock}"}}')
