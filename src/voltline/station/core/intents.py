"""What the core wants done. Whoever drives it does these things in the order given."""

from enum import Enum
from typing import Any

import msgspec

from voltline.messages import ErrorCode, Request, Response


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


class Lock(msgspec.Struct, frozen=True, gc=False):
    """Hold (`on`) or release the cable in the socket of a connector."""

    connector_id: int
    on: bool


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


class Matter(Enum):
    """What a notice is about."""

    REGISTRATION = "registration"
    AUTHORIZATION = "authorization"
    TRANSACTION = "transaction"
    QUEUE = "queue"
    STATUS = "status"
    MEMORY = "memory"


class Notice(msgspec.Struct, frozen=True, gc=False):
    """Something the people at the station may want to read; nothing has to be done."""

    matter: Matter
    text: str
    connector_id: int = 0


Intent = Send | Answer | Refuse | StaySilent | Energize | Lock | Reboot | PowerOff | PingEvery | Keep | Notice
