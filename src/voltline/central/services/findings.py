"""Findings are opened when a fault is seen, and closed when it is not seen any more, or by a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from voltline.central.domain.events import EventKind
from voltline.central.domain.findings import (
    FindingState,
    KnownFinding,
    Seen,
    closed,
    fingerprint,
    quiet_time,
    seen_again,
    told,
)
from voltline.central.services.events import STEP
from voltline.central.services.ports import UnitOfWork


def note(unit: UnitOfWork, seen: Sequence[Seen], at: datetime, usual: timedelta) -> int:
    """Put on record what the inspector saw; how many of these found no room there.

    `usual`: see `domain.findings.quiet_time`.
    """
    return sum(not _note(unit, one, at, usual) for one in seen)


def close_quiet(unit: UnitOfWork, at: datetime) -> int:
    """Close what was not seen for its time, a step of it; how many it were."""
    due = unit.findings.quiet(at, STEP)
    for known in due:
        _put(unit, closed(known, at, None, None), EventKind.FINDING_CLOSED, at)
    return len(due)


def close(unit: UnitOfWork, id: int, by: str, note: str | None, at: datetime) -> KnownFinding | None:
    """Somebody has dealt with it. One that is closed stays as it is; None: there is none of that id."""
    known = unit.findings.get(id)
    if known is None or known.state is FindingState.CLOSED:
        return known
    return _put(unit, closed(known, at, by, note), EventKind.FINDING_CLOSED, at)


def mute(
    unit: UnitOfWork, id: int, muted: bool, until: datetime | None, note: str | None
) -> KnownFinding | None:
    """Nobody is told of it any more, until then or until it is unmuted. None: there is none of that id."""
    known = unit.findings.get(id)
    if known is None:
        return None
    changed = replace(
        known,
        muted=muted,
        muted_until=until if muted else None,
        note=note if note is not None else known.note,
    )
    unit.findings.put(changed)
    return changed


def discard(unit: UnitOfWork, before: datetime) -> int:
    """Remove findings that were closed long ago, a step of them; how many it were."""
    return unit.findings.discard(before=before, at_most=STEP)


def _note(unit: UnitOfWork, seen: Seen, at: datetime, usual: timedelta) -> bool:
    finding = seen.finding
    fault = fingerprint(finding)
    known = unit.findings.find(seen.station, fault)
    if known is None:
        closes_at = (finding.last_at or at) + quiet_time(finding.detector, 1, usual)
        made = unit.findings.add(seen, fault, at, closes_at)
        if made is not None:
            unit.events.add(EventKind.FINDING_OPENED, made.station, told(made), at)
        return made is not None
    now = seen_again(known, seen, at, usual)
    if known.state is FindingState.CLOSED:
        _put(unit, now, EventKind.FINDING_REOPENED, at)
    else:
        unit.findings.put(now)
    return True


def _put(unit: UnitOfWork, changed: KnownFinding, kind: EventKind, at: datetime) -> KnownFinding:
    unit.findings.put(changed)
    if not changed.is_muted(at):
        unit.events.add(kind, changed.station, told(changed), at)
    return changed
