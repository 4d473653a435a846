"""What the core wants done. Whoever drives it does these things in the order given."""

from datetime import datetime
from enum import Enum
from typing import Any

import msgspec

from voltline.messages import ErrorCode, LogType, Request, Response


class Send(msgspec.Struct, frozen=True, gc=False):
    """Send this request; report `Answered` or `Failed` with the same number.

    The core never has two requests under way, so nothing queues behind it.
    """

    number: int
    request: Request[Any]
    timeout_s: float


class Answer(msgspec.Struct, frozen=True, gc=False):
    """Answer the request of the central system that came with this token."""

    token: int
    response: Response


class Refuse(msgspec.Struct, frozen=True, gc=False):
    """Answer the request of the central system with a CALLERROR."""

    token: int
    code: ErrorCode
    text: str


class StaySilent(msgspec.Struct, frozen=True, gc=False):
    """Leave the request unanswered: the station was Rejected (OCPP 1.6, 4.2)."""

    token: int


class Energize(msgspec.Struct, frozen=True, gc=False):
    """Close (`on`) or open the contactor of a connector."""

    connector_id: int
    on: bool


class Offer(msgspec.Struct, frozen=True, gc=False):
    """Let the vehicle draw so many amperes on each phase of the grid, None for all that there is.

    A charger for direct current takes them as power: 230 V on each of three phases.
    """

    connector_id: int
    current_a: float | None
    phases: int | None = None
    """On how many phases, where that is fewer than there are."""


class Lock(msgspec.Struct, frozen=True, gc=False):
    """Hold (`on`) or release the cable in the socket of a connector."""

    connector_id: int
    on: bool


class AwaitLock(msgspec.Struct, frozen=True, gc=False):
    """After the lock was told to let go: report `LockTried`, behind the fault if it did not obey."""

    token: int
    connector_id: int


class Reboot(msgspec.Struct, frozen=True, gc=False):
    """Drop the connection, restart, and report `PoweredUp`. `hard` restarts the hardware too."""

    hard: bool


class PowerOff(msgspec.Struct, frozen=True, gc=False):
    """Drop the connection and stay off: everything that could be delivered is."""


class PingEvery(msgspec.Struct, frozen=True, gc=False):
    """Ping at this interval in seconds from the next connection on; 0 means never (OCPP-J 1.6, 7)."""

    interval_s: int


class Keep(msgspec.Struct, frozen=True, gc=False):
    """Write this record to lasting storage before doing what comes after it; `value` None removes it."""

    name: str
    value: bytes | None


class Download(msgspec.Struct, frozen=True, gc=False):
    """Fetch this firmware; report `TransferEnded` with the number, and meanwhile `TransferProgressed`.

    `resume`: what was fetched of it before need not be fetched again (OCPP 1.6, 8.1). A reboot ends every
    transfer, without a report.
    """

    number: int
    location: str
    resume: bool


class Upload(msgspec.Struct, frozen=True, gc=False):
    """Bring what this log says between two times (None: no limit) as one file into the folder `location`.

    `resume`: the file of the last attempt, going on where it broke off if the server can (OCPP 1.6, 8.2).
    """

    number: int
    location: str
    file_name: str
    log: LogType
    since: datetime | None
    until: datetime | None
    resume: bool


class CancelTransfer(msgspec.Struct, frozen=True, gc=False):
    """Break off this transfer, without a report."""

    number: int


class Install(msgspec.Struct, frozen=True, gc=False):
    """Check and install the firmware that was fetched last; report `InstallationEnded`."""


class Matter(Enum):
    """What a notice is about."""

    REGISTRATION = "registration"
    AUTHORIZATION = "authorization"
    TRANSACTION = "transaction"
    CHARGING = "charging"
    QUEUE = "queue"
    STATUS = "status"
    MEMORY = "memory"
    FILES = "files"
    SECURITY = "security"


class Notice(msgspec.Struct, frozen=True, gc=False):
    """Something the people at the station may want to read; nothing has to be done."""

    matter: Matter
    text: str
    connector_id: int = 0


Intent = (
    Send
    | Answer
    | Refuse
    | StaySilent
    | Energize
    | Offer
    | Lock
    | AwaitLock
    | Reboot
    | PowerOff
    | PingEvery
    | Keep
    | Download
    | Upload
    | CancelTransfer
    | Install
    | Notice
)
