"""What the columns of tables and the keys of JSON logs are called, and what their values mean."""

import re
from datetime import datetime
from functools import lru_cache

from voltline.inspection.records import Direction
from voltline.logbook.readers.any_words import SIDES, WORDS
from voltline.logbook.readers.clock import epoch, read_minute, read_time
from voltline.logbook.readers.family import FROM_CENTRAL, FROM_STATION, Sense

__all__ = ["ROLES", "plain", "role_of", "sense_of", "sense_of_flag", "time_of", "type_of"]

_NAMES: dict[str, str] = {
    "at": "timestamp time ts at datetime date @timestamp asctime eventtime createdat created logtime t "
    "messagetimestamp receivedat sentat occurredat insertedat realtimetimestamp timestampms starttime @t "
    "requesttime responsetime requesttimestamp responsetimestamp timegenerated",
    "station": "station stationid chargepointid chargepoint chargeboxid chargebox cpid cp chargerid charger "
    "chargingstationid chargingstation identity chargepointidentity chargeboxidentity clientid evseserial "
    "ocppid ocppidentity deviceid serialnumber csid",
    "direction": "direction dir origin sender from source event way flow traffic messagedirection",
    "connection": "sessionid connectionid connection session socketid websocketid wsid",
    "type": "messagetype messagetypeid ocppmessagetype calltype type kind ocppmessagetypeid msgtype",
    "id": "messageid uniqueid uuid ocppmessageid msgid uniqid callid",
    "id_of_pair": "correlationid requestid",
    "action": "action ocppaction command messageaction procedure operation",
    "payload": "payload payloadjson body data content params request response ocpppayload messagepayload",
    "frame": "raw text message msg frame rawmessage ocppmessage log line json rawjson messagejson "
    "requeststring responsestring requestmessage responsemessage requestjson responsejson",
    "words": "@mt messagetemplate",
    "code": "errorcode",
    "description": "errordescription",
    "details": "errordetails",
    "id_fallback": "id",
}
ROLES: dict[str, str] = {name.lower(): role for role, names in _NAMES.items() for name in names.split()}
"""Name of a column or key, without case, spaces, `_` and `-`, to what it holds."""

_UNPLAIN = re.compile(r"[\s_\-.]+|[\[(](?:UTC|GMT)[\])]$", re.IGNORECASE)
_TYPES = {
    "2": 2, "call": 2, "request": 2, "req": 2, "3": 3, "callresult": 3, "response": 3, "result": 3, "conf": 3,
    "confirmation": 3, "res": 3, "answer": 3, "4": 4, "callerror": 4, "error": 4,
}  # fmt: skip
_ABSOLUTE: dict[str, Sense] = {
    **dict.fromkeys(
        ("cptocsms", "cstocsms", "cptocs", "chargepointtocentralsystem", "stationtocsms", "chargertocsms",
         "cp", "chargepoint", "station", "charger", "chargingstation", "cs", "fromcp",
         "fromchargepoint", "fromstation",
         "fromcharger", "uplink", "upstream", "cp2csms", "cp2cs", "evse"),
        FROM_STATION,
    ),
    **dict.fromkeys(
        ("csmstocp", "csmstocs", "cstocp", "centralsystemtochargepoint", "csmstostation", "csmstocharger",
         "csms", "centralsystem", "central", "backend", "server", "fromcsms", "fromcentral", "frombackend",
         "downlink", "downstream", "csms2cp", "cs2cp", "tocp", "tochargepoint", "tostation", "tocharger"),
        FROM_CENTRAL,
    ),
}  # fmt: skip
_FLAGS = {
    **dict.fromkeys(("outbound", "outgoing", "sent", "isoutbound", "isoutgoing"), True),
    **dict.fromkeys(("inbound", "incoming", "received", "isinbound", "isincoming"), False),
}
_NOTHING: Sense = (Direction.UNKNOWN, None)


@lru_cache(1024)  # the lines of a log have the same keys
def plain(name: str) -> str:
    """A key without case and separators."""
    return _UNPLAIN.sub("", name).lower()


def role_of(name: str) -> str | None:
    """What a column or key of this name holds; None where that is not known."""
    return ROLES.get(plain(name))


def sense_of(value: object) -> Sense:
    """What the value of a column or key of direction says."""
    if not isinstance(value, str):
        return _NOTHING
    short = plain(value)
    if short in _ABSOLUTE:
        return _ABSOLUTE[short]
    for phrase, sense in SIDES:
        if phrase.search(value):
            return sense
    return WORDS.get(short, _NOTHING)


def sense_of_flag(name: str, value: object) -> Sense:
    """What a key such as `outbound` says whose value is true or false."""
    sent = _FLAGS.get(plain(name))
    return _NOTHING if sent is None or not isinstance(value, bool) else (Direction.UNKNOWN, sent is value)


def time_of(value: object) -> datetime | None:
    """The time that a text or a number is."""
    if isinstance(value, str):
        at = read_minute(value)
        if at is not None:
            return at
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
        at = read_time(value)
        if at is not None:
            return at
        try:
            value = float(value)
        except ValueError:
            return None
    return epoch(value) if isinstance(value, int | float) else None


def type_of(value: object) -> int | None:
    """2, 3 or 4 of what names a type of frame."""
    if isinstance(value, int):
        return value if value in (2, 3, 4) else None
    return _TYPES.get(plain(value).removeprefix("ocpp")) if isinstance(value, str) else None
