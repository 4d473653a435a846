"""evcc, and the library ocpp-go below it. evcc is the central side; ocpp-go may be either."""

import re

from voltline.logbook.readers.family import FROM_CENTRAL, FROM_STATION, RECEIVED, SENT, Family, Sense

_RECEIVED: Sense = (FROM_STATION[0], False)
_SENT: Sense = (FROM_CENTRAL[0], True)
_CHARGE_POINT = r"\[ocpp[^\]]*\].*?(?P<text>charge ?point(?: (?P<station>\S+))??"

EVCC = Family(
    name="evcc",
    heading=re.compile(
        r"\[ocpp[^\]]*\]\s+(?:[A-Z]+)\s+\x1e\s+(?P<word>recv|send|sent|received\ JSON\ message\ from"
        r"|sent\ JSON\ message\ to)\s+(?!JSON\ )(?P<station>.+?):\s*$",
        re.VERBOSE,
    ),
    words={
        "recv": _RECEIVED,
        "received json message from": _RECEIVED,
        "send": _SENT,
        "sent": _SENT,
        "sent json message to": _SENT,
    },
    opened=re.compile(
        rf"{_CHARGE_POINT} connected(?:: (?P<station2>\S+))?.*)",
        re.IGNORECASE,
    ),
    closed=re.compile(
        rf"{_CHARGE_POINT} disconnected(?:: (?P<station2>\S+))?.*)",
        re.IGNORECASE,
    ),
)

EVCC_ERROR = Family(
    name="evcc",
    # An ERROR line repeats a frame that has its own line, at level TRACE.
    heading=re.compile(r"\[ocpp[^\]]*\]\s+(?:ERROR|WARN|FATAL)\b"),
    words={},
    quoting=re.compile(r""),
)

_SERVER = (
    (re.compile(r"\bto server:"), FROM_STATION),
    (re.compile(r"\bfrom server:"), FROM_CENTRAL),
)

OCPP_GO = Family(
    name="ocpp-go",
    heading=re.compile(
        r"(?P<word>received JSON message from|sent JSON message to) (?:server|(?P<station>.+?)):\s*$"
    ),
    words={"received json message from": RECEIVED, "sent json message to": SENT},
    sides=_SERVER,
    opened=re.compile(
        r"(?P<text>connected to server (?:\S*/)?(?P<station>[\w.*-]+).*|new client (?P<station2>[\w.*-]+).*)",
        re.IGNORECASE,
    ),
    closed=re.compile(
        r"(?P<text>closed connection (?:to|with) (?P<station>[\w.*-]+).*|disconnected from server.*)",
        re.IGNORECASE,
    ),
)
