"""evcc, and the library ocpp-go below it. evcc is the central side; ocpp-go may be either."""

import re

from voltline.logbook.readers.family import FROM_CENTRAL, FROM_STATION, RECEIVED, SENT, Family

EVCC = Family(
    name="evcc",
    heading=re.compile(
        r"\[ocpp[^\]]*\]\s+(?:[A-Z]+)\s+\x1e\s+(?P<word>recv|send|sent)\s+(?P<station>.+?):\s*$",
        re.VERBOSE,
    ),
    words={
        "recv": (FROM_STATION[0], False),
        "send": (FROM_CENTRAL[0], True),
        "sent": (FROM_CENTRAL[0], True),
    },
    opened=re.compile(
        r"\[ocpp[^\]]*\].*?(?P<text>charge point (?:(?P<station>\S+) )?connected|(?P<station2>\S+): connected|new charge point.*)",
        re.IGNORECASE,
    ),
    closed=re.compile(
        r"\[ocpp[^\]]*\].*?(?P<text>charge point (?:(?P<station>\S+) )?disconnected.*|connection (?:closed|lost).*)",
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

OCPP_GO = Family(
    name="ocpp-go",
    heading=re.compile(
        r"(?P<word>received\ JSON\ message\ from|sent\ JSON\ message\ to|enqueued\ CALL\ for)"
        r"\ (?P<station>(?!server\b)[^:]*?)(?:server)?:\s*$",
        re.VERBOSE,
    ),
    words={"received json message from": RECEIVED, "sent json message to": SENT},
    opened=re.compile(
        r"(?P<text>(?:new client|connected to server|handshake completed|websocket connection established|"
        r"new charge point)\s*(?P<station>[\w.-]+)?.*)",
        re.IGNORECASE,
    ),
    closed=re.compile(
        r"(?P<text>(?:closed connection (?:to|with) (?P<station>[\w.-]+)|connection closed|"
        r"(?:charge point|client) (?P<station2>\S+) disconnected|disconnected from server).*)",
        re.IGNORECASE,
    ),
)
