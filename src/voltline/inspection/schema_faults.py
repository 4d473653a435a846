"""Which deviations of a payload belong to which detector, so that each is told once.

Times (S03), vendor's words and fields (S02), id tags, connectors and transaction ids (V01 to V03), what other
detectors judge with more knowledge (R09 empty statuses, G06 charging profiles, M06 samples, X01 states), and
everything else (S01).
"""

import re
from typing import Final

import msgspec

from voltline.inspection.empty_answers import lacking_status
from voltline.inspection.events import Answered, Call, Event, Exchange
from voltline.inspection.other_versions import version_of
from voltline.inspection.records import Direction, Record
from voltline.messages.deviation import Deviation, DeviationKind

__all__ = ["Kind", "Payload", "deviating_payload", "field_of", "general_path", "kind_of"]

_TIMES: Final = frozenset({DeviationKind.BAD_TIMESTAMP, DeviationKind.NO_TIME_ZONE})
_ID_TAGS: Final = frozenset({"idTag", "parentIdTag"})
_VENDOR_WORDS: Final = frozenset(
    {"measurand", "context", "unit", "phase", "location", "format", "errorCode", "reason"}
)
_WITH_PROFILES: Final = frozenset({"SetChargingProfile", "RemoteStartTransaction"})
_INDEX = re.compile(r"\[\d+\]")
_LAST = re.compile(r"\.([A-Za-z0-9_]+)(?:\[\d+\])*$")


class Kind:
    """Whose a deviation is; see the module."""

    TIME: Final = "time"
    VENDOR: Final = "vendor"
    ID_TAG: Final = "id tag"
    CONNECTOR: Final = "connector"
    TRANSACTION: Final = "transaction"
    ELSEWHERE: Final = "elsewhere"
    OTHER: Final = "other"


class Payload(msgspec.Struct, gc=False):
    """A request's or an answer's payload that deviates from the schema or the text of OCPP 1.6."""

    exchange: Exchange
    message: str
    """Its name as the specification writes it: `MeterValues.req`."""
    sender: Direction
    record: Record
    deviations: tuple[Deviation, ...]


def deviating_payload(event: Event) -> Payload | None:
    """The payload that a Call or Answered event brought, if it deviates and can be judged.

    None too for a truncated one, for one of another version of OCPP (P03), and for an answer whose status is
    missing (R09): it is empty, and what else is missing in it is no news.
    """
    if isinstance(event, Call):
        exchange = event.exchange
        if not exchange.request_deviations or event.record.truncated or version_of(exchange) is not None:
            return None
        name = f"{exchange.name}.req"
        return Payload(exchange, name, exchange.sender, event.record, exchange.request_deviations)
    if isinstance(event, Answered):
        exchange = event.exchange
        found = exchange.response_deviations
        if not found or event.record.truncated or lacking_status(found) is not None:
            return None
        if exchange.result is not None and exchange.result.deviations == found:
            return None  # not an object at all: R07
        return Payload(exchange, f"{exchange.name}.conf", exchange.sender.opposite, event.record, found)
    return None


def kind_of(payload: Payload, one: Deviation) -> str:
    """Whose the deviation is, one of `Kind`."""
    kind = one.kind
    if kind in _TIMES:
        return Kind.TIME
    field = field_of(one.path)
    if kind is DeviationKind.UNKNOWN_FIELD or (
        kind is DeviationKind.UNKNOWN_VALUE and field in _VENDOR_WORDS
    ):
        return Kind.VENDOR
    if field in _ID_TAGS:
        return Kind.ID_TAG
    if field == "connectorId":
        return Kind.CONNECTOR
    if field == "transactionId" and "rofile" not in one.path:
        return Kind.TRANSACTION
    action = payload.exchange.name
    if (
        (kind is DeviationKind.RULE and (action in _WITH_PROFILES or action == "StatusNotification"))
        or (kind is DeviationKind.NOT_ONE_DECIMAL and action in _WITH_PROFILES)
        or (one.path.endswith(".value") and ".sampledValue[" in one.path)
    ):
        return Kind.ELSEWHERE
    return Kind.OTHER


def field_of(path: str) -> str:
    """The field's name at the end of a JSON path: `$.meterValue[0].timestamp` gives `timestamp`."""
    match = _LAST.search(path)
    return match[1] if match else ""


def general_path(path: str) -> str:
    """The path without positions in lists: the same for every item."""
    return _INDEX.sub("[]", path)
