"""Security events, as the charge point notices them."""

from typing import Annotated

from msgspec import UNSET, UnsetType

from voltline.messages.action import Request, Response
from voltline.messages.types import String50, String255, Timestamp, doc


class SecurityEventNotificationResponse(Response):
    """The central system has it. Security whitepaper, 5.16."""


class SecurityEventNotification(Request[SecurityEventNotificationResponse]):
    """Something happened that matters for security. Security whitepaper, 5.15."""

    type: Annotated[String50, doc("Which event; the whitepaper lists some, makers may add theirs.")]
    timestamp: Annotated[Timestamp, doc("When it happened.")]
    tech_info: Annotated[String255, doc("More about it, for experts.")] | UnsetType = UNSET
