"""What happens to a station. Every change of the core begins with one of these."""

from enum import Enum
from typing import Any

import msgspec

from voltline.messages import ChargePointErrorCode, Reason, Request, Response


class PoweredUp(msgspec.Struct, frozen=True, gc=False):
    """The station starts: at first, and after every reset."""


class RebootFailed(msgspec.Struct, frozen=True, gc=False):
    """What `Reboot` asked for did not work: the station runs on as before."""


class SwitchedOff(msgspec.Struct, frozen=True, gc=False):
    """Somebody switches the station off in good order: `PowerOff` follows when transactions are ended."""


class LinkUp(msgspec.Struct, frozen=True, gc=False):
    """The connection to the central system stands."""


class LinkDown(msgspec.Struct, frozen=True, gc=False):
    """The connection is gone; whatever was under way is lost."""


class Tick(msgspec.Struct, frozen=True, gc=False):
    """Time has passed. Deadlines are looked at before every other happening too."""


class Answered(msgspec.Struct, frozen=True, gc=False):
    """The central system answered request `number`."""

    number: int
    response: Response


class Failure(Enum):
    """How a request came to nothing."""

    REFUSED = "CALLERROR"
    UNREADABLE = "unreadable answer"
    TIMEOUT = "timeout"
    LOST = "connection lost"


class Failed(msgspec.Struct, frozen=True, gc=False):
    """Request `number` came to nothing; `text` says what the peer or the transport said."""

    number: int
    failure: Failure
    text: str = ""


class Asked(msgspec.Struct, frozen=True, gc=False):
    """The central system sent a request. The token comes back in `Answer`, `Refuse` or `StaySilent`."""

    token: int
    request: Request[Any]


class LockTried(msgspec.Struct, frozen=True, gc=False):
    """The lock had its time to let go, as `AwaitLock` wanted; if it did not, its fault was told before."""

    token: int
    connector_id: int


class CablePlugged(msgspec.Struct, frozen=True, gc=False):
    """A vehicle hangs on the connector: the cable is in at both ends."""

    connector_id: int


class VehicleUnplugged(msgspec.Struct, frozen=True, gc=False):
    """The cable was pulled at the vehicle's end. With a fixed cable that frees the connector."""

    connector_id: int


class CableRemoved(msgspec.Struct, frozen=True, gc=False):
    """The cable was pulled out of the station's socket, which its lock must allow."""

    connector_id: int


class VehicleReady(msgspec.Struct, frozen=True, gc=False):
    """The vehicle asks for energy (`ready`: S2 closed) or stops asking (S2 open)."""

    connector_id: int
    ready: bool


class TagPresented(msgspec.Struct, frozen=True, gc=False):
    """A tag is held to the reader. `connector_id` None: the station has one reader for all connectors."""

    id_tag: str
    connector_id: int | None = None


class StopPressed(msgspec.Struct, frozen=True, gc=False):
    """The transaction shall end for a reason found at the station itself."""

    connector_id: int
    reason: Reason = Reason.LOCAL


class FaultRaised(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A fault shows. `connector_id` 0 is the station; `blocking` false makes it a mere warning."""

    connector_id: int
    error_code: ChargePointErrorCode
    blocking: bool = True
    info: str = ""
    vendor_error_code: str = ""


class FaultCleared(msgspec.Struct, frozen=True, gc=False):
    """The fault is resolved."""

    connector_id: int


class LimitChanged(msgspec.Struct, frozen=True, gc=False):
    """The site allows so many amperes on each phase, None for all there is; 0: all connectors together."""

    connector_id: int
    current_a: float | None


class WatchdogFired(msgspec.Struct, frozen=True, gc=False):
    """The station restarts by itself: a watchdog, or a bug."""


class SettingChanged(msgspec.Struct, frozen=True, gc=False):
    """Somebody at the station sets a configuration key, by the rules of ChangeConfiguration."""

    key: str
    value: str


class TransferProgressed(msgspec.Struct, frozen=True, gc=False):
    """So much of transfer `number` is done; `total_bytes` is None where the server does not say."""

    number: int
    done_bytes: int
    total_bytes: int | None


class TransferResult(Enum):
    """How a transfer of a file ended."""

    DONE = "done"
    FAILED = "failed"
    """The server was not reached, broke off, or has no such file: it may work another time."""
    DENIED = "not allowed"
    NOT_SUPPORTED = "not supported"
    """By the server, or by this station, which knows no such protocol."""
    BAD_MESSAGE = "not understood"


class TransferEnded(msgspec.Struct, frozen=True, gc=False):
    """Transfer `number` is over; `text` says for people what went wrong."""

    number: int
    result: TransferResult
    text: str = ""


class InstallationEnded(msgspec.Struct, frozen=True, gc=False):
    """The fetched firmware is installed and runs from the next reboot on, or has a `problem`."""

    firmware_version: str = ""
    problem: str = ""


class DataSent(msgspec.Struct, frozen=True, gc=False):
    """Somebody at the station has a vendor's message for the central system; None leaves a field out."""

    vendor_id: str
    message_id: str | None = None
    data: str | None = None


Happening = (
    PoweredUp
    | SwitchedOff
    | RebootFailed
    | LinkUp
    | LinkDown
    | Tick
    | Answered
    | Failed
    | Asked
    | LockTried
    | CablePlugged
    | VehicleUnplugged
    | CableRemoved
    | VehicleReady
    | TagPresented
    | StopPressed
    | FaultRaised
    | FaultCleared
    | LimitChanged
    | WatchdogFired
    | SettingChanged
    | TransferProgressed
    | TransferEnded
    | InstallationEnded
    | DataSent
)


class ImpossibleHappening(ValueError):  # reads well, and is shown to people
    """This cannot happen to the station as it stands: a second cable in one socket, a connector it lacks."""
