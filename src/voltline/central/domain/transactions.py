"""Transactions: what a start and a stop are, and what is odd about them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct

from voltline.central.domain.authorization import Authorization, tag_key
from voltline.central.domain.stations import StationKey

NO_CLOCK_BEFORE = datetime(2010, 1, 1, tzinfo=UTC)
"""A charge point that tells an earlier time has not been told the time yet (such as 1970 after a boot)."""
FAR_FUTURE = timedelta(days=1)
"""A start that is so much ahead of its receipt has its time from a wrong clock."""
NEAR_FUTURE = timedelta(minutes=5)
"""By how much clocks may differ without a word about it."""
NOT_ASKED = "NotAsked"
"""The authorization status of a transaction whose start was never received."""


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
    """meterStop is below meterStart."""
    READINGS_FELL = "readings-fell"
    """The meter went back between two readings."""
    READINGS_DISAGREE = "readings-disagree"
    """Readings say another energy than meterStart and meterStop."""
    READINGS_OF_SESSION = "readings-of-session"
    """The readings count from the start of the transaction, unlike meterStart."""
    STARTED_IN_FUTURE = "started-in-future"
    STOPPED_IN_FUTURE = "stopped-in-future"
    CLOCK_NOT_SET = "clock-not-set"
    """Start or stop have a time from before the charge point was told the time."""
    STOP_INFERRED = "stop-inferred"
    """No stop was received; when and at what reading it ended is concluded from other messages."""
    STOP_MATCHED = "stop-matched"
    """The stop named no transaction; it was the only one that the stop fits."""
    KNOWN_BY_METER_VALUES = "known-only-by-its-meter-values"
    """No start was received."""


class StopSource(StrEnum):
    """Who said how a transaction ended."""

    CHARGE_POINT = "charge-point"
    INFERRED = "inferred"
    """Concluded from the next start on the connector. Its own stop takes the place of this one."""
    OPERATOR = "operator"
    """Somebody closed it. Its own stop takes the place of this one."""


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
    stop_source: StopSource | None = None
    """None while it runs."""
    sent_id: int | None = None
    """The id that the charge point uses where that is not ours: 64 bits, or -1 after a lost start."""
    started: bool = True
    """False: no start was received; it is known only by its meter values."""
    began_at: datetime | None = None
    """The start by the charge point's clock, or its receipt where that clock is not to be believed."""
    noted: tuple[Oddity, ...] = ()
    """What was found odd in its readings when it ended."""

    @property
    def energy_wh(self) -> int | None:
        """Energy by the register readings of start and stop, in Wh; None while it runs."""
        return None if self.stop is None else self.stop.meter_stop_wh - self.start.meter_start_wh

    @property
    def oddities(self) -> tuple[Oddity, ...]:
        """All that is odd about it, in the order of `Oddity`."""
        found = oddities(
            self.start,
            self.stop,
            start_received_at=self.start_received_at,
            stop_received_at=self.stop_received_at,
        )
        concluded = (Oddity.STOP_INFERRED,) if self.stop_source is StopSource.INFERRED else ()
        startless = () if self.started else (Oddity.KNOWN_BY_METER_VALUES,)
        every = {*found, *concluded, *startless, *self.noted}
        return tuple(one for one in Oddity if one in every)

    @property
    def settled(self) -> bool:
        """Its stop was received; nothing but an operator changes it any more."""
        return self.stop_source is StopSource.CHARGE_POINT

    @property
    def beginning(self) -> datetime:
        """When it began, as far as that can be believed."""
        return self.began_at or self.start.started_at

    @property
    def ending(self) -> datetime | None:
        """When it ended, as far as that can be believed; None while it runs."""
        if self.stop is None or self.stop_received_at is None:
            return None
        return believable(self.stop.stopped_at, self.stop_received_at)

    @property
    def duration_s(self) -> float | None:
        """How long it took, in seconds; None while it runs."""
        ending = self.ending
        return None if ending is None else max(0.0, (ending - self.beginning).total_seconds())


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
    transaction_id: int | None = None
    """The transaction that was stopped, where the stop did not name it."""


def believable(told: datetime, received_at: datetime) -> datetime:
    """What a charge point's clock told, or the time of receipt where that clock cannot be right."""
    return told if NO_CLOCK_BEFORE <= told <= received_at + FAR_FUTURE else received_at


def oddities(
    start: Start,
    stop: Stop | None,
    *,
    start_received_at: datetime | None = None,
    stop_received_at: datetime | None = None,
) -> tuple[Oddity, ...]:
    """What does not fit between a start and its stop, in a fixed order."""
    found: list[Oddity] = []
    if stop is not None:
        if stop.stopped_at < start.started_at:
            found.append(Oddity.STOPPED_BEFORE_START)
        if stop.meter_stop_wh < start.meter_start_wh:
            found.append(Oddity.METER_FELL)
        if stop_received_at is not None and stop.stopped_at > stop_received_at + NEAR_FUTURE:
            found.append(Oddity.STOPPED_IN_FUTURE)
    if start_received_at is not None and start.started_at > start_received_at + NEAR_FUTURE:
        found.append(Oddity.STARTED_IN_FUTURE)
    if start.started_at < NO_CLOCK_BEFORE or (stop is not None and stop.stopped_at < NO_CLOCK_BEFORE):
        found.append(Oddity.CLOCK_NOT_SET)
    return tuple(found)


def fits(transaction: Transaction, stop: Stop, *, beside: datetime) -> bool:
    """Whether a stop that names no transaction can be that of this one; `beside` is its receipt.

    Same tag where the stop has one, not before the start, the meter not below that of the start. The tag
    of a transaction that is known only by its meter values is unknown, and fits any.
    """
    start = transaction.start
    same_tag = stop.id_tag is None or not transaction.started or tag_key(stop.id_tag) == tag_key(start.id_tag)
    in_time = believable(stop.stopped_at, beside) >= transaction.beginning
    return same_tag and in_time and stop.meter_stop_wh >= start.meter_start_wh


def same_stop(known: Stop, other: Stop) -> bool:
    """True if both are the same stop, sent twice because an answer was lost."""
    return _stop_identity(known) == _stop_identity(other)


def _stop_identity(stop: Stop) -> tuple[Any, ...]:
    tag = None if stop.id_tag is None else tag_key(stop.id_tag)
    return stop.stopped_at, stop.meter_stop_wh, stop.reason, tag
