"""Charge point simulators that log to a console."""

import re

from voltline.inspection.records import Direction
from voltline.logbook.readers.any_words import NAME_BESIDE
from voltline.logbook.readers.family import RECEIVED, SENT, Family, Sense

_SENT: Sense = (Direction.FROM_STATION, True)
_RECEIVED: Sense = (Direction.FROM_CENTRAL, False)

SAP_SIMULATOR = Family(
    name="sap-simulator",
    # debug: 9/8/2026, 1:02:03 PM CS-1 | ..>> Command 'Heartbeat' sent 'request' payload:
    heading=re.compile(
        r"\x1e\s+(?P<station>[^|]+?)\s+\|[^|]*?(?:>>|<<)[.\s]*Command\s+'\w*'\s+(?P<word>sent|received)\b[^\[]*$",
        re.VERBOSE,
    ),
    words={"sent": _SENT, "received": _RECEIVED},
)

ARROWS = Family(
    name="simulator-arrows",
    heading=re.compile(
        r"(?P<word>Sending\ message|Responding\ with|Sent\ message|Receive\ message|Received\ message)"
        r"\s*[^\w\s\[\]]*\s*(?:\[\s*)?$",
        re.VERBOSE,
    ),
    words={
        "sending message": SENT,
        "sent message": SENT,
        "responding with": SENT,
        "receive message": RECEIVED,
        "received message": RECEIVED,
    },
    beside=NAME_BESIDE,
)

WEBSOCKET_WORDS = Family(
    name="websocket-words",
    # [2026-07-12T01:17:58.179Z] [INFO] [WebSocket] Sent:
    heading=re.compile(
        r"\[(?P<logger>WebSocket)\]\s*(?P<word>Sent|Received|Sending|Receiving):?\s*$", re.IGNORECASE
    ),
    words={"sent": SENT, "sending": SENT, "received": RECEIVED, "receiving": RECEIVED},
    opened=re.compile(
        r"\[WebSocket\]\s*(?P<text>(?:Connected|Connection (?:opened|established))\b.*)", re.IGNORECASE
    ),
    closed=re.compile(
        r"\[WebSocket\]\s*(?P<text>(?:Disconnected|Connection (?:closed|lost)|Closed)\b.*)", re.IGNORECASE
    ),
)
