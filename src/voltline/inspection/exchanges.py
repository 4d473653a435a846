"""What most detectors ask of an exchange: which connector, which transaction, when by the station's clock."""

from datetime import datetime

from voltline.inspection.events import Exchange
from voltline.messages import UNKNOWN_TIME

__all__ = [
    "Content",
    "connector_of",
    "content_of",
    "seconds_between",
    "station_time",
    "status_of",
    "text_of",
    "transaction_of",
]

Content = tuple[str, bytes]
"""What a CALL says, whatever its message id: its action and its payload as it came."""


def connector_of(exchange: Exchange) -> int | None:
    """The connectorId of the request; None if it has none or cannot be read."""
    value = getattr(exchange.request, "connector_id", None)
    return value if isinstance(value, int) else None


def content_of(exchange: Exchange) -> Content:
    """The same for a CALL that is sent again under another message id."""
    return exchange.name, bytes(exchange.frame.payload)


def transaction_of(exchange: Exchange) -> int | None:
    """The transactionId of the request; None if it has none or cannot be read."""
    value = getattr(exchange.request, "transaction_id", None)
    return value if isinstance(value, int) else None


def text_of(exchange: Exchange, field: str) -> str | None:
    """A text of the request, by its name in Python; None if it has none or cannot be read."""
    value = getattr(exchange.request, field, None)
    return value if isinstance(value, str) else None


def status_of(exchange: Exchange) -> str | None:
    """The status that the response gives; None if there is none."""
    value = getattr(exchange.response, "status", None)
    return value if isinstance(value, str) else None


def station_time(exchange: Exchange) -> datetime | None:
    """When it happened by the station's own clock; else when it was logged."""
    value = getattr(exchange.request, "timestamp", None)
    if isinstance(value, datetime) and value != UNKNOWN_TIME:
        return value
    return exchange.call.at


def seconds_between(earlier: datetime | None, later: datetime | None) -> float | None:
    """Seconds from one time to another; None if one of them is not known."""
    if earlier is None or later is None:
        return None
    return (later - earlier).total_seconds()
