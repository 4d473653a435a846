"""The Python library `ocpp` of mobilityhouse under any format of `logging`: plain, Home Assistant, openWB."""

import re

from voltline.logbook.readers.family import RECEIVED, SENT, Family

_LOGGER = r"(?:(?<!\[)ocpp|\[ocpp\])"  # evcc pads it: `[ocpp  ]`
_STATION = r"(?:charger|charge ?point|cp)(?: '?(?P<station>[\w.-]+)'?)?"

PYTHON_OCPP = Family(
    name="python-ocpp",
    # `INFO:ocpp:BURA: send `, `[ocpp] : send `, `- ocpp - INFO - 1: send `, `{INFO:Client} - 4521: send `
    heading=re.compile(
        r"(?:\[(?P<logger>[\w.]+)\]|(?P<thread>\{[^{}]*\}\ -)|[:\s\]-]|^)\s*"
        r"(?P<station>[^\s:\[\]{}]*)\ ?:\ (?P<word>receive\ message|send)\ $",
        re.VERBOSE,
    ),
    words={"receive message": RECEIVED, "send": SENT},
    quoting=re.compile(r"\bERROR\b"),
    opened=re.compile(rf"{_LOGGER}.*?(?P<text>{_STATION} (?:websocket )?connected\b.*)", re.IGNORECASE),
    closed=re.compile(
        rf"{_LOGGER}.*?(?P<text>{_STATION} (?:disconnected|connection closed)\b.*)", re.IGNORECASE
    ),
)
