"""Messages that were answered and kept, but could not be placed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class QuarantineReason(StrEnum):
    """Why a message could not be placed."""

    UNKNOWN_TRANSACTION = "unknown-transaction"
    """No transaction has this id."""
    NO_TRANSACTION_ID = "no-transaction-id"
    """Zero or negative: the charge point never got an id, such as -1 for a lost start (QUE-10)."""
    FOREIGN_TRANSACTION = "foreign-transaction"
    """The transaction with this id belongs to another charge point."""
    ALREADY_STOPPED = "already-stopped"
    """The transaction was stopped before, by another stop."""
    AMBIGUOUS = "ambiguous"
    """More than one transaction may be meant."""


class QuarantineState(StrEnum):
    """What has become of a message in quarantine."""

    OPEN = "open"
    """Somebody should look at it."""
    ATTACHED = "attached"
    """It belongs to a transaction now."""
    CLOSED = "closed"
    """A transaction was ended in its place."""
    DISCARDED = "discarded"
    """Somebody found that it says nothing."""


class Quarantined(Struct, frozen=True, kw_only=True):
    """A message in quarantine."""

    id: int
    identity: str
    action: str
    payload: str
    """The request as JSON."""
    reason: QuarantineReason
    received_at: datetime
    last_received_at: datetime
    times: int
    """How often it came: a charge point that is not satisfied with the answer sends it again."""
    state: QuarantineState = QuarantineState.OPEN
    transaction_id: int | None = None
    """The transaction that it was attached to, or that was closed in its place."""
    settled_at: datetime | None = None
    """When it was repaired."""
