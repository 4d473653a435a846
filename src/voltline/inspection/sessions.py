"""Charging sessions rebuilt from a station's events: who, when, how much, and what is unknown."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from voltline.inspection.events import Event, Exchange
from voltline.inspection.records import Record
from voltline.messages import AuthorizationStatus, ChargePointStatus, Reason

__all__ = [
    "Ending",
    "Point",
    "Session",
    "SessionChanged",
    "SessionClosed",
    "SessionOpened",
    "What",
]

MOST_POINTS: Final = 720
"""Points of a session's curve that are kept; beyond, every second one goes."""


class Ending(StrEnum):
    """How a session ended, as far as the log shows."""

    STOPPED = "stopped"
    """A StopTransaction was seen."""
    REPLACED = "replaced"
    """Another one began on the connector, and no StopTransaction had been seen."""
    LOG_ENDED = "log_ended"
    """It was open when the log ended: how it went on is unknown."""


class What(StrEnum):
    """What changed in a session."""

    CONFIRMED = "confirmed"
    """StartTransaction was answered: its id and the verdict on the tag are known, or missing."""
    METER = "meter"
    """Meter values came."""
    STATUS = "status"
    """The connector reported a state."""
    LIMIT = "limit"
    """Another limit applies."""


class Point(msgspec.Struct, frozen=True, gc=False):
    """One moment of a session's curve, by the station's own time. What is not known is None."""

    at: datetime
    power_w: float | None
    current_a: float | None
    """The largest of the phases."""
    energy_wh: float | None
    """The register."""
    limit_a: float | None
    """The limit a phase that charging profiles set at that moment, None if none is known to."""
    soc_percent: float | None = None


@dataclass(slots=True, eq=False)  # quicker to change than a Struct, and most meter values change it
class Session:
    """A transaction of a connector. Times are the station's own (payload times), energies in Wh."""

    station: str
    connector: int | None
    """None if it is known by its id only."""
    transaction_id: int | None = None
    """None until, or unless, the central system answered StartTransaction with one."""
    id_tag: str | None = None
    started_at: datetime | None = None
    """None if it began before the log."""
    stopped_at: datetime | None = None
    meter_start_wh: int | None = None
    meter_stop_wh: int | None = None
    reason: Reason | None = None
    """As StopTransaction gives it; Local where that gives none."""
    start: Exchange | None = None
    """The StartTransaction; None if it stands before the log, or was lost."""
    stop: Exchange | None = None
    remote_start: Exchange | None = None
    """The RemoteStartTransaction that it followed, if one."""
    authorization: AuthorizationStatus | None = None
    """The verdict in the answer to StartTransaction."""
    ending: Ending | None = None
    """None while it is open."""
    boots: int = 0
    """BootNotifications seen since it began."""
    status: ChargePointStatus | None = None
    """The connector's latest state in it."""
    states: list[tuple[datetime | None, ChargePointStatus]] = field(default_factory=list)
    """The states it went through (first 200), with the station's time of each."""
    first_register_wh: float | None = None
    last_register_wh: float | None = None
    last_meter_at: datetime | None = None
    samples: int = 0
    """Meter values (one for each timestamp) that belong to it."""
    power_w: float | None = None
    """The latest Power.Active.Import."""
    peak_power_w: float | None = None
    curve: list[Point] = field(default_factory=list)
    every: int = 1
    """Of so many samples the curve keeps one."""
    gaps: int = 0
    """Holes that the log had by its latest sign of life."""
    latest: Record | None = None
    """The record that opened or last changed it."""

    @property
    def energy_wh(self) -> float | None:
        """What was charged: between start and stop, else as far as the register was seen. None if unknown."""
        begin = self.meter_start_wh if self.meter_start_wh is not None else self.first_register_wh
        end = self.meter_stop_wh if self.meter_stop_wh is not None else self.last_register_wh
        return None if begin is None or end is None else end - begin

    @property
    def duration_s(self) -> float | None:
        """Seconds from start to stop by the station's time; None if one of them was not seen."""
        if self.started_at is None or self.stopped_at is None:
            return None
        return (self.stopped_at - self.started_at).total_seconds()

    @property
    def unknowns(self) -> tuple[str, ...]:
        """What is not known of it because it lies outside the log, or was lost, in words."""
        told = []
        if self.start is None:
            told.append("its start is not in the log")
        elif self.transaction_id is None:
            told.append("its transaction id is not known")
        if self.ending is Ending.LOG_ENDED:
            told.append("it was open when the log ended")
        if self.ending is Ending.REPLACED:
            told.append("its stop is not in the log")
        return tuple(told)


class SessionOpened(Event, gc=False):
    """A session began, or one that began before the log was recognized."""

    session: Session


class SessionChanged(Event, gc=False):
    """Something of an open session changed. See `session`, which has the new state already."""

    session: Session
    what: What
    exchange: Exchange | None = None
    """The exchange that changed it."""


class SessionClosed(Event, gc=False):
    """A session ended: see `session.ending` for how that is known."""

    session: Session
