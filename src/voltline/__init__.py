"""Voltline: an OCPP 1.6 platform. This is the library's face.

    from voltline import CentralSystem, ChargePoint, BootNotification, BootNotificationResponse

Every message, enumeration and data type of OCPP 1.6 and its security extension is here by its own name; see
``voltline catalogue`` for the list. Names are imported when first used, so that the command line starts
quickly.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voltline.messages import *  # noqa: F403 - the face is the sum of its rooms
    from voltline.transport.admission import Admitted as Admitted
    from voltline.transport.admission import Handshake as Handshake
    from voltline.transport.admission import Refused as Refused
    from voltline.transport.client import ChargePoint as ChargePoint
    from voltline.transport.client import ClientOptions as ClientOptions
    from voltline.transport.client import Refusal as Refusal
    from voltline.transport.connection import Connection as Connection
    from voltline.transport.connection import Watch as Watch
    from voltline.transport.handlers import Handlers as Handlers
    from voltline.transport.recorder import Recorder as Recorder
    from voltline.transport.server import CentralSystem as CentralSystem
    from voltline.transport.server import ServerOptions as ServerOptions
    from voltline.wire.errors import CallError as CallError
    from voltline.wire.errors import CallTimeout as CallTimeout
    from voltline.wire.errors import LocalProtocolError as LocalProtocolError
    from voltline.wire.errors import NotConnected as NotConnected
    from voltline.wire.errors import OcppError as OcppError
    from voltline.wire.errors import QueueFull as QueueFull
    from voltline.wire.errors import RemoteProtocolError as RemoteProtocolError

__version__ = "0.1.0"

_HOMES = {
    "Admitted": "voltline.transport.admission",
    "Handshake": "voltline.transport.admission",
    "Refused": "voltline.transport.admission",
    "ChargePoint": "voltline.transport.client",
    "ClientOptions": "voltline.transport.client",
    "Refusal": "voltline.transport.client",
    "Connection": "voltline.transport.connection",
    "Watch": "voltline.transport.connection",
    "Handlers": "voltline.transport.handlers",
    "Recorder": "voltline.transport.recorder",
    "CentralSystem": "voltline.transport.server",
    "ServerOptions": "voltline.transport.server",
    "CallError": "voltline.wire.errors",
    "CallTimeout": "voltline.wire.errors",
    "LocalProtocolError": "voltline.wire.errors",
    "NotConnected": "voltline.wire.errors",
    "OcppError": "voltline.wire.errors",
    "QueueFull": "voltline.wire.errors",
    "RemoteProtocolError": "voltline.wire.errors",
}


def __getattr__(name: str) -> object:
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = import_module(_HOMES.get(name, "voltline.messages"))
    try:
        value = getattr(home, name)
    except AttributeError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*_HOMES, *import_module("voltline.messages").__all__, "__version__"})
