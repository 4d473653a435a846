"""SteVe, and the Java-OCA-OCPP library at level TRACE."""

import re

from voltline.logbook.readers.family import RECEIVED, SENT, Family

_SESSION = r"\[chargeBoxId=(?P<station>[^,\]]+),\s*sessionId=(?P<connection>[\w-]+)\]\s*"

STEVE = Family(
    name="steve",
    heading=re.compile(
        rf"(?:(?P<logger>\w*WebSocketLogger).*?)?{_SESSION}(?P<word>Received|Sending|Sent)\b[:\s]*$"
    ),
    words={"received": RECEIVED, "sending": SENT, "sent": SENT},
    opened=re.compile(rf"{_SESSION}(?P<text>Connection is established.*)"),
    closed=re.compile(rf"{_SESSION}(?P<text>Connection (?:is|was) closed.*)"),
    quoting=re.compile(r"\bERROR\b"),
)

JAVA_OCA_OCPP = Family(
    name="java-oca-ocpp",
    heading=re.compile(r"(?P<word>Send\ a\ message|Receive\ a\ message|Sent\ a\ message):\s*$", re.VERBOSE),
    words={"send a message": SENT, "sent a message": SENT, "receive a message": RECEIVED},
)
