"""libocpp of EVerest: its session log as text. `libocpp_html.py` reads the same log as HTML."""

import re

from voltline.logbook.readers.family import FROM_CENTRAL, FROM_STATION, Family

WORDS = {
    "chargepoint>centralsystem": FROM_STATION,
    "centralsystem>chargepoint": FROM_CENTRAL,
    "chargingstation>csms": FROM_STATION,
    "csms>chargingstation": FROM_CENTRAL,
}

LIBOCPP = Family(
    name="libocpp",
    heading=re.compile(
        r"^\x1e:\ (?P<word>ChargePoint>CentralSystem|CentralSystem>ChargePoint|"
        r"ChargingStation>CSMS|CSMS>ChargingStation)\b[^\[]*$",
        re.VERBOSE,
    ),
    words=WORDS,
    opened=re.compile(r"^\x1e: SYS> ?(?P<text>Connected\b.*)"),
    closed=re.compile(r"^\x1e: SYS> ?(?P<text>(?:Disconnected|Connection closed|Connection lost)\b.*)"),
    note=re.compile(r"^\x1e: SYS>"),
)
