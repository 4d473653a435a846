"""The rules of CALL and answer on one connection, without I/O and without a clock."""

from voltline.rpc.events import (
    CallAnswered,
    CallFailed,
    CallReceived,
    CallRefused,
    CallTimedOut,
    DropReason,
    Event,
    FrameDropped,
)
from voltline.rpc.session import Counters, Session

__all__ = [
    "CallAnswered",
    "CallFailed",
    "CallReceived",
    "CallRefused",
    "CallTimedOut",
    "Counters",
    "DropReason",
    "Event",
    "FrameDropped",
    "Session",
]
