"""Repairs: what was changed after the fact, by whom, when, and what was before."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Raw, Struct

from voltline.central.domain.quarantine import Quarantined
from voltline.central.domain.stations import StationKey
from voltline.central.domain.transactions import Transaction

VOLTLINE = "voltline"
"""Who did it where nobody asked for it."""


class RepairKind(StrEnum):
    """What was done."""

    ATTACH = "attach"
    """A message in quarantine was attached to a transaction."""
    CLOSE = "close"
    """A transaction without a stop was ended."""
    DISCARD = "discard"
    """A message in quarantine was found to say nothing."""
    INFER_STOP = "infer-stop"
    """A transaction that was never stopped was ended where the next one on its connector starts."""
    REPLACE_STOP = "replace-stop"
    """The true stop came, and took the place of the one that was inferred or given."""
    REOPEN = "reopen"
    """A transaction whose end was inferred sent readings after it: it runs."""
    ADOPT_START = "adopt-start"
    """The start of a transaction came that was known only by its meter values."""


class Repair(Struct, frozen=True, kw_only=True):
    """One repair. `before` and `after` hold all that it changed, so that it can be taken back by hand."""

    id: int
    at: datetime
    who: str
    """Who asked for it; `voltline` for what it did by itself."""
    kind: RepairKind
    identity: str
    """The charge point."""
    transaction_id: int | None
    quarantine_id: int | None
    note: str | None
    before: Raw
    """A JSON object: `transaction`, `quarantined`."""
    after: Raw


class Change(Struct, frozen=True, kw_only=True):
    """A repair that is about to be written down."""

    kind: RepairKind
    station: StationKey
    who: str = VOLTLINE
    note: str | None = None
    before: tuple[Transaction | None, Quarantined | None] = (None, None)
    after: tuple[Transaction | None, Quarantined | None] = (None, None)


def state_json(state: tuple[Transaction | None, Quarantined | None]) -> str:
    """A transaction and a message in quarantine as they are now, as the JSON that a repair keeps."""
    transaction, quarantined = state
    kept: dict[str, Any] = {}
    if transaction is not None:
        kept["transaction"] = transaction
    if quarantined is not None:
        kept["quarantined"] = quarantined
    return msgspec.json.encode(kept).decode()
