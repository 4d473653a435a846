"""What a TriggerMessage asks for."""

from typing import Final

from voltline.inspection.events import Exchange
from voltline.messages import ExtendedTriggerMessage, TriggerMessage

__all__ = ["TRIGGERS", "asks_for_boot"]

TRIGGERS: Final = frozenset({"TriggerMessage", "ExtendedTriggerMessage"})


def asks_for_boot(exchange: Exchange) -> bool:
    """Whether the charge point is asked for a BootNotification, which then tells of no restart."""
    request = exchange.request
    return (
        isinstance(request, TriggerMessage | ExtendedTriggerMessage)
        and str(request.requested_message) == "BootNotification"
    )
