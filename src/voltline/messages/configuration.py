"""Reading and writing the charge point's configuration keys. The standard keys: configuration_keys.py."""

from typing import Annotated

from msgspec import UNSET, UnsetType

from voltline.messages.action import Payload, Request, Response
from voltline.messages.types import CiString50, CiString500, Enumeration, doc


class ConfigurationStatus(Enumeration):
    """What became of a change. OCPP 1.6, 7.22."""

    ACCEPTED = "Accepted", "The value is set and in force."
    REJECTED = (
        "Rejected",
        "The key is known, the value was not set: read-only, out of range or badly written.",
    )
    REBOOT_REQUIRED = "RebootRequired", "The value is set and will be in force after a reboot."
    NOT_SUPPORTED = "NotSupported", "The key is not known."


class ChangeConfigurationResponse(Response):
    """What became of the change. OCPP 1.6, 6.10."""

    status: Annotated[ConfigurationStatus, doc("Whether the value was set.")]


class ChangeConfiguration(Request[ChangeConfigurationResponse]):
    """Set a configuration key. OCPP 1.6, 5.3 and 6.9."""

    key: Annotated[CiString50, doc("Name of the key.")]
    value: Annotated[
        CiString500, doc("The new value, as text: true, false, a whole number, or a list with commas.")
    ]


class KeyValue(Payload):
    """A configuration key with its value. OCPP 1.6, 7.29."""

    key: Annotated[CiString50, doc("Name of the key.")]
    readonly: Annotated[bool, doc("Whether ChangeConfiguration is refused for it.")]
    value: Annotated[CiString500, doc("The value; absent if it is known but not set.")] | UnsetType = UNSET


class GetConfigurationResponse(Response):
    """The keys asked for. OCPP 1.6, 6.24."""

    configuration_key: Annotated[list[KeyValue], doc("The keys that are known.")] | UnsetType = UNSET
    unknown_key: Annotated[list[CiString50], doc("The names that are not known.")] | UnsetType = UNSET


class GetConfiguration(Request[GetConfigurationResponse]):
    """What are these configuration keys set to? OCPP 1.6, 5.8 and 6.23."""

    key: (
        Annotated[list[CiString50], doc("Names of the keys; all of them if empty or absent.")] | UnsetType
    ) = UNSET
