"""Commands to charge points: each is kept, with who asked for it and what came of it."""

from __future__ import annotations

import secrets
from datetime import datetime
from enum import StrEnum

from msgspec import Raw, Struct


class CommandState(StrEnum):
    """How far a command is, or how it ended."""

    OPEN = "open"
    """It waits to be sent, or for its answer."""
    ANSWERED = "answered"
    """The charge point answered; whether it accepted is in the answer."""
    REFUSED = "refused"
    """The charge point answered with a CALLERROR."""
    UNUSABLE = "unusable-answer"
    """The charge point answered something that cannot be understood."""
    TIMED_OUT = "no-answer"
    """No answer came in time; whether the charge point acted is not known."""
    LOST = "connection-lost"
    """The connection ended before the answer; whether the charge point acted is not known."""
    NOT_SENT = "not-sent"
    """It was not sent."""
    INTERRUPTED = "interrupted"
    """Voltline was stopped before the answer; whether the charge point acted is not known."""


class Command(Struct, frozen=True, kw_only=True):
    """A command and its end."""

    id: str
    """Sorts by the time of asking."""
    charge_point: str
    action: str
    payload: Raw
    """As in OCPP, secrets masked."""
    asked_by: str
    asked_at: datetime
    state: CommandState
    ended_at: datetime | None = None
    duration_ms: float | None = None
    """From asking to the end; the wait for other commands of the same charge point is part of it."""
    answer: Raw | None = None
    """As in OCPP, secrets masked."""
    error_code: str | None = None
    error_text: str | None = None


class Asked(Struct, frozen=True, kw_only=True):
    """What is known when a command is asked for."""

    id: str
    action: str
    payload: str
    asked_by: str
    at: datetime


class Ended(Struct, frozen=True, kw_only=True):
    """What came of a command."""

    id: str
    state: CommandState
    at: datetime
    duration_ms: float
    answer: str | None = None
    error_code: str | None = None
    error_text: str | None = None


class CommandFilter(Struct, frozen=True, kw_only=True):
    """Which commands; None: whichever."""

    charge_point: str | None = None
    """In any case."""
    action: str | None = None
    state: CommandState | None = None
    asked_by: str | None = None
    since: datetime | None = None
    """Asked for at this time or later."""
    until: datetime | None = None
    """Asked for before this time."""


def new_command_id(at: datetime) -> str:
    """32 hexadecimal digits that sort by time: 48 bits of milliseconds, then 80 of chance."""
    return first_command_id(at) + secrets.token_hex(10)


def first_command_id(at: datetime) -> str:
    """Not above any id of this time or later, above every id of before."""
    return f"{max(int(at.timestamp() * 1000), 0):012x}"
