"""What the inspector found in the traffic of a charge point, and how long that stands."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from voltline.central.domain.stations import StationKey
from voltline.inspection.findings import MOST_EVIDENCE, Finding, Severity

MOST_FINDINGS: Final = 300
"""Kept of one charge point. More sorts of fault than this are not told apart by anybody."""
LONGEST_QUIET: Final = timedelta(days=7)
SOON: Final = timedelta(hours=1)
_OF_EVERY_MINUTE: Final = ("C", "P", "R")
"""Detectors of connections, frames and answers: they look at what happens all the time."""
_LARGEST: Final = 2**63 - 1


class FindingState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class ShownFrame(Struct, frozen=True):
    """A frame that shows the fault, as it is kept with the finding."""

    at: datetime
    direction: str
    """in: from the charge point; out: to it."""
    text: str
    """Without secrets, cut to some hundred characters."""


class Seen(Struct, frozen=True):
    """A fault that the inspector saw just now, once or several times."""

    station: StationKey
    finding: Finding
    """Without its evidence."""
    frames: tuple[ShownFrame, ...]


class KnownFinding(Struct, frozen=True, kw_only=True):
    """A finding as it is on record: one for each charge point, connector and sort of fault."""

    id: int
    station: StationKey
    identity: str
    connector_id: int | None
    """None where it concerns the whole charge point."""
    detector: str
    title: str
    severity: Severity
    state: FindingState
    text: str
    """What was seen last, with the values."""
    next_step: str
    who: str
    basis: tuple[str, ...]
    frames: tuple[ShownFrame, ...]
    count: int
    """How often it was seen, ever."""
    times_opened: int
    first_at: datetime
    """Seen first, ever."""
    opened_at: datetime
    last_at: datetime
    """Seen last."""
    closes_at: datetime
    """When it is closed by itself, unless it is seen again before."""
    closed_at: datetime | None
    closed_by: str | None
    """Who closed it; None: nobody, it was not seen any more."""
    note: str | None
    muted: bool
    muted_until: datetime | None
    """None, while it is muted: until somebody says otherwise."""

    def is_muted(self, at: datetime) -> bool:
        """Whether nobody is told of it at this time."""
        return self.muted and (self.muted_until is None or at < self.muted_until)


class FindingFilter(Struct, frozen=True, kw_only=True):
    """Which findings are wanted. What is None does not matter."""

    station: StationKey | None = None
    identity: str | None = None
    state: FindingState | None = None
    severities: tuple[Severity, ...] = ()
    """Empty: any."""
    detector: str | None = None
    """An id, or the beginning of one: `C` is all of connections."""
    since: datetime | None = None
    """Seen at this time or later."""
    until: datetime | None = None
    """Seen first before this time."""
    muted: bool | None = None


class FindingTold(Struct, frozen=True, kw_only=True):
    """finding.opened, finding.reopened, finding.closed: what it is."""

    finding_id: int
    detector: str
    severity: str
    title: str
    text: str
    connector_id: int | None
    who: str
    count: int
    closed_by: str | None = None


def fingerprint(finding: Finding) -> str:
    """The same for the same fault of the same connector, whenever it is seen; 32 hexadecimal digits."""
    key = "\0".join((finding.detector, str(finding.connector), finding.title))
    return blake2b(key.encode("utf-8", "replace"), digest_size=16).hexdigest()


def connector_id(finding: Finding) -> int | None:
    """As far as it can be a connector: charge points may send any number."""
    number = finding.connector
    return number if number is not None and abs(number) <= _LARGEST else None


def quiet_time(detector: str, times_opened: int, usual: timedelta) -> timedelta:
    """How long a fault must not be seen to be over.

    `usual` is for faults of sessions, meters and content, which a charge point may show only when it is
    used. What is looked at all the time is over after an hour. Each time that a fault comes back it is
    given twice as long, up to a week: one that comes every day is one finding, not one a day.
    """
    first = min(SOON, usual) if detector[:1] in _OF_EVERY_MINUTE else usual
    doublings = min(times_opened - 1, 10)
    return max(first, min(first * (1 << doublings), LONGEST_QUIET))


def together(earlier: Seen, later: Seen) -> Seen:
    """Two sights of the same fault as one."""
    one, other = earlier.finding, later.finding
    finding = replace(
        other,
        severity=max(one.severity, other.severity, key=lambda severity: severity.rank),
        first_at=min((at for at in (one.first_at, other.first_at) if at is not None), default=None),
        last_at=max((at for at in (one.last_at, other.last_at) if at is not None), default=None),
        count=one.count + other.count,
    )
    return Seen(later.station, finding, _most_telling(earlier.frames, later.frames))


def seen_again(known: KnownFinding, seen: Seen, at: datetime, usual: timedelta) -> KnownFinding:
    """What is on record once this was seen too. A closed one is open again."""
    finding = seen.finding
    last_at = max(known.last_at, finding.last_at or at)
    reopens = known.state is FindingState.CLOSED
    times_opened = known.times_opened + reopens
    severity = finding.severity
    if not reopens and known.severity.rank > severity.rank:
        severity = known.severity
    return replace(
        known,
        severity=severity,
        state=FindingState.OPEN,
        text=finding.text,
        next_step=finding.next_step,
        who=str(finding.who),
        basis=finding.basis,
        frames=seen.frames if reopens else _most_telling(known.frames, seen.frames),
        count=min(known.count + finding.count, _LARGEST),
        times_opened=times_opened,
        opened_at=at if reopens else known.opened_at,
        last_at=last_at,
        closes_at=last_at + quiet_time(known.detector, times_opened, usual),
        closed_at=None,
        closed_by=None if reopens else known.closed_by,
        note=None if reopens else known.note,
    )


def closed(known: KnownFinding, at: datetime, by: str | None, note: str | None) -> KnownFinding:
    """It is over: somebody says so, or it was not seen any more."""
    return replace(known, state=FindingState.CLOSED, closed_at=at, closed_by=by, note=note or known.note)


def told(known: KnownFinding) -> FindingTold:
    """As events tell it."""
    return FindingTold(
        finding_id=known.id,
        detector=known.detector,
        severity=str(known.severity),
        title=known.title,
        text=known.text,
        connector_id=known.connector_id,
        who=known.who,
        count=known.count,
        closed_by=known.closed_by,
    )


def _most_telling(known: tuple[ShownFrame, ...], new: tuple[ShownFrame, ...]) -> tuple[ShownFrame, ...]:
    """The first ones and the last ones."""
    frames = known + tuple(one for one in new if one not in known)
    half = MOST_EVIDENCE // 2
    return frames if len(frames) <= MOST_EVIDENCE else (*frames[:half], *frames[-half:])
