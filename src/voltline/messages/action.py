"""What an action is: a request, the response to it, who may send it, and the profile it belongs to."""

from enum import StrEnum
from typing import Any, Generic, TypeVar, dataclass_transform

import msgspec

__all__ = ["Action", "Conf", "FeatureProfile", "Payload", "Req", "Request", "Response", "Side"]


class Side(StrEnum):
    """The two ends of a connection."""

    CHARGE_POINT = "ChargePoint"
    CENTRAL_SYSTEM = "CentralSystem"


class FeatureProfile(StrEnum):
    """The groups in which a charge point supports actions and configuration keys. OCPP 1.6, 3.1.

    Security is not of the specification and never in the configuration key SupportedFeatureProfiles: it
    stands for the security whitepaper, which adds its actions outside of any profile.
    """

    CORE = "Core"
    FIRMWARE_MANAGEMENT = "FirmwareManagement"
    LOCAL_AUTH_LIST_MANAGEMENT = "LocalAuthListManagement"
    RESERVATION = "Reservation"
    SMART_CHARGING = "SmartCharging"
    REMOTE_TRIGGER = "RemoteTrigger"
    SECURITY = "Security"


# What holds for every payload: the name on the wire is the camelCase of the name here, fields that no
# specification lists are refused, and no payload can be part of a reference cycle, so the cyclic garbage
# collector need not look at one.
_OPTIONS: dict[str, Any] = {
    "frozen": True,
    "kw_only": True,
    "gc": False,
    "rename": "camel",
    "forbid_unknown_fields": True,
}


class _PayloadType(msgspec.StructMeta):
    """Gives every payload the options, which msgspec would not inherit in full."""

    def __new__(mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> Any:
        return super().__new__(mcls, name, bases, namespace, **(_OPTIONS | options))


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Payload(msgspec.Struct, frozen=True, metaclass=_PayloadType):
    """A request, a response, or an object inside one. An optional field that is absent is `UNSET`."""


class Response(Payload):
    """What a CALLRESULT carries."""


Conf = TypeVar("Conf", bound=Response)


class Request(Payload, Generic[Conf]):
    """What a CALL carries; `Conf` is the type of the response to it."""


Req = TypeVar("Req", bound=Request[Any])


class Action(msgspec.Struct, Generic[Req, Conf], frozen=True):
    """One of the 39 actions of OCPP 1.6 and its security extension, as data."""

    name: str
    """The name on the wire, which is also the name of the request's class."""
    request: type[Req]
    response: type[Conf]
    sent_by: frozenset[Side]
    """Who may send the request. DataTransfer is the one that goes both ways."""
    profile: FeatureProfile
