"""The list of id tags that a charge point keeps to decide by itself."""

from typing import Annotated

from msgspec import UNSET, UnsetType

from voltline.messages.action import Payload, Request, Response
from voltline.messages.authorization import IdTagInfo
from voltline.messages.types import Enumeration, IdToken, doc


class GetLocalListVersionResponse(Response):
    """The version of the local list. OCPP 1.6, 6.28."""

    list_version: Annotated[int, doc("Version of the list; 0 if it is empty, -1 if there can be none.")]


class GetLocalListVersion(Request[GetLocalListVersionResponse]):
    """Which version is the local list? OCPP 1.6, 5.10 and 6.27."""


class UpdateType(Enumeration):
    """How a list is to be taken. OCPP 1.6, 7.48."""

    DIFFERENTIAL = "Differential", "It changes the local list."
    FULL = "Full", "It replaces the local list."


class UpdateStatus(Enumeration):
    """What became of a list. OCPP 1.6, 7.47."""

    ACCEPTED = "Accepted", "The local list is updated."
    FAILED = "Failed", "The local list could not be updated."
    NOT_SUPPORTED = "NotSupported", "The charge point keeps no local list."
    VERSION_MISMATCH = "VersionMismatch", "The version of a differential update is not above the present one."


class AuthorizationData(Payload):
    """An entry of the local list. OCPP 1.6, 7.1."""

    id_tag: Annotated[IdToken, doc("The id tag.")]
    id_tag_info: (
        Annotated[IdTagInfo, doc("The verdict on it; absent in a differential update: take the entry out.")]
        | UnsetType
    ) = UNSET


class SendLocalListResponse(Response):
    """What became of the list. OCPP 1.6, 6.42."""

    status: Annotated[UpdateStatus, doc("Whether the local list is updated.")]


class SendLocalList(Request[SendLocalListResponse]):
    """Replace or change the local list. OCPP 1.6, 5.15 and 6.41."""

    list_version: Annotated[int, doc("Version of the list after this update; never 0 or -1.")]
    local_authorization_list: (
        Annotated[list[AuthorizationData], doc("The entries; none in a full update empties the list.")]
        | UnsetType
    ) = UNSET
    update_type: Annotated[UpdateType, doc("Whether to replace or to change the list.")]
