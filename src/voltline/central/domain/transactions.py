"""Transactions: what a start and a stop are, and what is odd about them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct

from voltline.central.domain.authorization import Authorization, tag_key
from voltline.central.domain.stations import StationKey


class Start(Struct, frozen=True, kw_only=True):
    """StartTransaction.req (S 6.45)."""

    connector_id: int
    id_tag: str
    started_at: datetime
    meter_start_wh: int
    reservation_id: int | None = None


class Stop(Struct, frozen=True, kw_only=True):
    """StopTransaction.req without its meter values (S 6.49)."""

    stopped_at: datetime
    meter_stop_wh: int
    reason: str = "Local"
    """As sent; a missing reason means Local (TXE-05)."""
    id_tag: str | None = None


class Oddity(StrEnum):
    """What a transaction should not be, and sometimes is. The figures are kept as they came."""

    STOPPED_BEFORE_START = "stopped-before-start"
    METER_FELL = "meter-fell"


class Transaction(Struct, frozen=True, kw_only=True):
    """A transaction; `stop` is None while it runs."""

    id: int
    """Positive, 32 bits, unique in this central system and never given twice (TXS-12)."""
    station: StationKey
    identity: str
    start: Start
    start_received_at: datetime
    authorization_status: str
    """What the id tag was told at the start; a refused one has its transaction kept all the same."""
    stop: Stop | None = None
    stop_received_at: datetime | None = None

    @property
    def energy_wh(self) -> int | None:
        """Energy by the register readings of start and stop, in Wh; None while it runs."""
        return None if self.stop is None else self.stop.meter_stop_wh - self.start.meter_start_wh

    @property
    def oddities(self) -> tuple[Oddity, ...]:
        return oddities(self.start, self.stop)


class Begun(Struct, frozen=True):
    """What a start led to."""

    transaction_id: int
    authorization: Authorization
    repeated: bool
    """True: this very start was received before, and is given the id of then."""


class StopOutcome(StrEnum):
    STOPPED = "stopped"
    REPEATED = "repeated"
    """This very stop was received before; nothing was changed."""
    QUARANTINED = "quarantined"
    """It could not be placed; it is kept in quarantine."""


class Ended(Struct, frozen=True):
    """What a stop led to."""

    outcome: StopOutcome
    authorization: Authorization | None
    """Of the tag that stopped it; None where the stop names no tag (TXE-09)."""
    reason: str | None = None
    """Why it was put into quarantine."""


def oddities(start: Start, stop: Stop | None) -> tuple[Oddity, ...]:
    """What does not fit between a start and its stop, in a fixed order."""
    if stop is None:
        return ()
    found: list[Oddity] = []
    if stop.stopped_at < start.started_at:
        found.append(Oddity.STOPPED_BEFORE_START)
    if stop.meter_stop_wh < start.meter_start_wh:
        found.append(Oddity.METER_FELL)
    return tuple(found)


def same_stop(known: Stop, other: Stop) -> bool:
    """True if both are the same stop, sent twice because an answer was lost."""
    return _stop_identity(known) == _stop_identity(other)


def _stop_identity(stop: Stop) -> tuple[Any, ...]:
    tag = None if stop.id_tag is None else tag_key(stop.id_tag)
    return stop.stopped_at, stop.meter_stop_wh, stop.reason, tag
