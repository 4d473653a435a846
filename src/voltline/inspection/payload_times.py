"""The charge point's own clock, as its requests show it."""

from datetime import datetime

from voltline.messages import UNKNOWN_TIME, MeterValues

__all__ = ["told_time"]


def told_time(request: object) -> datetime | None:
    """When the charge point says it happened: the timestamp of its request, of meter values the last one.

    None where there is none, or none that could be read.
    """
    if type(request) is MeterValues:
        values = request.meter_value
        told = values[-1].timestamp if values else None
        return None if told == UNKNOWN_TIME else told
    value = getattr(request, "timestamp", None)
    return value if isinstance(value, datetime) and value != UNKNOWN_TIME else None
