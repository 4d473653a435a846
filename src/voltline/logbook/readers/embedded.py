"""What runs in charge points: MicroOcpp, firmware in C and C++. The charge point is who logs."""

import re

from voltline.inspection.records import Direction
from voltline.logbook.readers.any_words import NAME_BESIDE
from voltline.logbook.readers.family import Family, Sense

_SENT: Sense = (Direction.FROM_STATION, True)
_RECEIVED: Sense = (Direction.FROM_CENTRAL, False)

# [AO] info (src/ArduinoOcpp/Core/OcppSocket.cpp:31): Disconnected
_ITS_LINE = r"\[(?:MO|AO)\]\s*(?:\w+ \([^()]*\):\s*)?(?:OCPP )?"

MICRO_OCPP = Family(
    name="micro-ocpp",
    heading=re.compile(
        r"\[(?:MO|AO|MOcpp|ArduinoOcpp|OcppOperation|OcppEngine|OcppSocket)[^\]]*\]\s*(?:[\w.:]+:\s*)?"
        r"(?P<word>Send|Sent|Recv|To\ WS\ lib|From\ WS\ lib|Received\ from\ WS\ lib|"
        r"Sent\ requirement\ \(\w+\)|TX|RX)\b[^\[]*:?\s*$",
        re.VERBOSE,
    ),
    words={
        "send": _SENT,
        "sent": _SENT,
        "to ws lib": _SENT,
        "sent requirement (success)": _SENT,
        "recv": _RECEIVED,
        "from ws lib": _RECEIVED,
        "received from ws lib": _RECEIVED,
        "tx": _SENT,
        "rx": _RECEIVED,
    },
    opened=re.compile(rf"{_ITS_LINE}(?P<text>(?:Connected to url|WS connected|Connection established)\b.*)"),
    closed=re.compile(rf"{_ITS_LINE}(?P<text>(?:Disconnected|WS disconnected|Connection closed)\b.*)"),
)

FIRMWARE_C = Family(
    name="firmware-c",
    # 2019-12-13T13:30:23.957Z:COM:ocpp_rpc.c:1108:->
    heading=re.compile(r"(?P<logger>[\w.-]+\.(?:c|cc|cpp|cxx|h|hpp|rs)):\d+:?.*?(?P<word>->|<-|>>|<<)\s*$"),
    words={"->": _SENT, ">>": _SENT, "<-": _RECEIVED, "<<": _RECEIVED},
    continued=re.compile(r"^\x1e:[^\[\"]{0,40}?[\w.-]+\.(?:c|cc|cpp|cxx|h|hpp|rs):\d+:"),
)

FIRMWARE_CPP = Family(
    name="firmware-cpp",
    # 02.10.2023 06:56:00 INF [sendTXT] / [operator()]
    heading=re.compile(r"\[(?P<word>sendTXT|operator\(\)|onMessage|handleTXT)\]\s*$"),
    words={"sendtxt": _SENT, "operator()": _RECEIVED, "onmessage": _RECEIVED, "handletxt": _RECEIVED},
)

TX_RX = Family(
    name="tx-rx",
    # "OCPP1.6" TX:  "[2,\"10\",..]"
    heading=re.compile(r"(?<![\w])(?P<word>TX|RX)\b\s*[:=>-]*\s*['\"]?$", re.IGNORECASE),
    words={"tx": (Direction.UNKNOWN, True), "rx": (Direction.UNKNOWN, False)},
    beside=NAME_BESIDE,
)
