"""Who may charge: the central system's verdict on an id tag, and the cache of such verdicts."""

from typing import Annotated

from msgspec import UNSET, UnsetType

from voltline.messages.action import Payload, Request, Response
from voltline.messages.types import Enumeration, IdToken, Timestamp, doc


class AuthorizationStatus(Enumeration):
    """The verdict on an id tag. OCPP 1.6, 7.2."""

    ACCEPTED = "Accepted", "The id tag may charge."
    BLOCKED = "Blocked", "The id tag is blocked and may not charge."
    EXPIRED = "Expired", "The id tag's time is over; it may not charge."
    INVALID = "Invalid", "The id tag is unknown; it may not charge."
    CONCURRENT_TX = (
        "ConcurrentTx",
        "The id tag is in another transaction and may not be in two. Only in answer to StartTransaction.",
    )


class IdTagInfo(Payload):
    """What the central system says about an id tag. OCPP 1.6, 7.27."""

    expiry_date: (
        Annotated[Timestamp, doc("When to drop the id tag from the authorization cache.")] | UnsetType
    ) = UNSET
    parent_id_tag: Annotated[IdToken, doc("The group that the id tag belongs to.")] | UnsetType = UNSET
    status: Annotated[AuthorizationStatus, doc("The verdict.")]


class AuthorizeResponse(Response):
    """The verdict on an id tag. OCPP 1.6, 6.2."""

    id_tag_info: Annotated[IdTagInfo, doc("The verdict, how long it holds, and the id tag's group.")]


class Authorize(Request[AuthorizeResponse]):
    """May this id tag charge, or stop charging? OCPP 1.6, 4.1 and 6.1."""

    id_tag: Annotated[IdToken, doc("The id tag that was shown.")]


class ClearCacheStatus(Enumeration):
    """Whether the cache was emptied. OCPP 1.6, 7.20."""

    ACCEPTED = "Accepted", "The authorization cache is empty now."
    REJECTED = "Rejected", "The authorization cache was not emptied."


class ClearCacheResponse(Response):
    """Whether the cache was emptied. OCPP 1.6, 6.12."""

    status: Annotated[ClearCacheStatus, doc("Whether the cache was emptied.")]


class ClearCache(Request[ClearCacheResponse]):
    """Empty the authorization cache. OCPP 1.6, 5.4 and 6.11."""
