"""Delta AC MAX: a syslog without a year. What the charger sends is JSON, what it gets is keys and values.

The line is written before the frame is sent: it may never have reached the wire.
"""

import re
from typing import Any

import msgspec

from voltline.logbook.readers.family import FROM_CENTRAL, FROM_STATION, Family

__all__ = ["DELTA", "rebuilt"]

DELTA = Family(
    name="delta-syslog",
    heading=re.compile(r"\[OCPP16J\].*?(?P<word>SendBuf|RecvBuf|RecBuf)\s*=\s*$", re.IGNORECASE),
    words={"sendbuf": FROM_STATION, "recvbuf": FROM_CENTRAL, "recbuf": FROM_CENTRAL},
    opened=re.compile(r"(?P<text>Backend connection success.*)"),
    closed=re.compile(r"(?P<text>Backend connection (?:fail|lost|close|timeout).*)"),
    note=re.compile(
        r"^\x1e\s+(?:(?:[\w.-]+\s+)?(?:local\d|user|daemon|kern|auth|authpriv|syslog|cron)\.[a-z]+\s"
        r"|\[(?:Info|Error|Warn(?:ing)?|Debug|Alert|Crit|Notice)\])"
    ),
)

_COMMAND = re.compile(
    r"\[OCPP16J\]CommandParsing:\S*?pu8Action=(?P<action>\w+),\S*?pu8UniqID=(?P<id>[^,\s]+)(?P<parts>(?:,\w+=[^,]*)*)\s*$"
)
_PART = re.compile(r",(\w+)=([^,]*)")
_COUNTS = {
    "connectorId",
    "transactionId",
    "reservationId",
    "listVersion",
    "retries",
    "retryInterval",
    "duration",
    "id",
}
_FLAT = {
    "CancelReservation", "ChangeAvailability", "ChangeConfiguration", "ClearCache", "ClearChargingProfile",
    "GetCompositeSchedule", "GetDiagnostics", "GetLocalListVersion", "RemoteStopTransaction", "ReserveNow",
    "Reset", "TriggerMessage", "UnlockConnector", "UpdateFirmware",
}  # fmt: skip


def rebuilt(line: str) -> str | None:
    """The CALL that a `CommandParsing` line names in full; None where its id or its action is missing.

    Only actions whose payload is flat: how keys and values of the others nest, the line does not say.
    """
    found = _COMMAND.search(line)
    if found is None or found["action"] not in _FLAT:
        return None
    payload: dict[str, Any] = {}
    for key, value in _PART.findall(found["parts"]):
        value = value.strip()
        payload[key] = int(value) if key in _COUNTS and re.fullmatch(r"-?\d{1,18}", value) else value
    return msgspec.json.encode([2, found["id"], found["action"], payload]).decode()
