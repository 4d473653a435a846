"""Local lists and caches of charge points follow the registered id tags (S 3.5, 5.4, 5.10, 5.15)."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from voltline.central.domain.events import EventKind
from voltline.central.domain.local_lists import (
    Capacity,
    ListState,
    ListSynced,
    LocalList,
    capacity,
    keeps_cache,
)
from voltline.central.domain.stations import StationKey
from voltline.central.services.ports import UnitOfWork
from voltline.messages import (
    ClearCache,
    ClearCacheResponse,
    GetLocalListVersion,
    GetLocalListVersionResponse,
    SendLocalList,
    SendLocalListResponse,
    UpdateStatus,
)

_NO_LIST = -1
"""GetLocalListVersion: local lists are not supported (LST-07)."""


def what_it_says(unit: UnitOfWork, station: StationKey) -> tuple[LocalList, Capacity]:
    """What is known of a list, and how much it can take.

    That a charge point said that it keeps no list holds until it boots with other firmware.
    """
    known = unit.local_lists.get(station)
    values = {name: key.value for name, key in unit.configuration.known(station).items()}
    if known.state is ListState.NOT_SUPPORTED and known.firmware != _firmware(unit, station):
        known = replace(known, state=ListState.PENDING, problem=None)
        unit.local_lists.put(station, known)
    return known, capacity(values)


def select(
    unit: UnitOfWork, station: StationKey, enabled: bool, groups: tuple[str, ...] | None, at: datetime
) -> LocalList:
    """What an operator wants: whether the list is kept up to date, and with the tags of which groups."""
    known = unit.local_lists.get(station)
    state = known.state
    if not enabled:
        state = ListState.DISABLED
    elif state is ListState.DISABLED or groups != known.groups:
        state = ListState.PENDING
    now = replace(known, enabled=enabled, groups=groups, state=state)
    unit.local_lists.put(station, now)
    return now


def ask_again(unit: UnitOfWork, station: StationKey) -> None:
    """An operator wants it brought up to date now, also if it said that it keeps no list."""
    known = unit.local_lists.get(station)
    if known.enabled:
        unit.local_lists.put(station, replace(known, state=ListState.PENDING, problem=None))


def version_told(
    unit: UnitOfWork,
    station: StationKey,
    request: GetLocalListVersion,
    answer: GetLocalListVersionResponse,
    at: datetime,
) -> None:
    """Compare the version that it has with the one that it should have.

    After an empty full list a charge point may say 0 whatever version it was sent (LST-07, LST-13).
    """
    known = unit.local_lists.get(station)
    told = max(min(answer.list_version, 2**31 - 1), -(2**31))
    now = replace(known, reported_version=told, checked_at=at)
    if told == _NO_LIST:
        _unsupported(unit, station, now, "it says that it keeps no local list", at)
        return
    if now.state is ListState.NOT_SUPPORTED:
        now = replace(now, state=ListState.PENDING, problem=None)
    as_sent = known.known and told == known.version
    empty = told == 0 and known.entries in (0, None)
    if told == 0:
        now = replace(now, entries=0)
    if not as_sent and not (known.known and empty):
        now = replace(now, known=False, entries=0 if told == 0 else None)
        if now.state is ListState.SYNCED:
            now = replace(now, state=ListState.PENDING)
    unit.local_lists.put(station, now)


def sending(unit: UnitOfWork, station: StationKey, first: int, last: int, left_out: int) -> None:
    """These versions will be sent. Until all have been taken nobody knows what the list holds."""
    known = unit.local_lists.get(station)
    now = replace(
        known, state=ListState.SENDING, known=False, sending_from=first, sending_to=last, left_out=left_out
    )
    unit.local_lists.put(station, now)


def update_answered(
    unit: UnitOfWork,
    station: StationKey,
    request: SendLocalList,
    answer: SendLocalListResponse,
    at: datetime,
) -> None:
    """Keep the version that it took. What somebody else sends makes our knowledge of its list void."""
    if answer.status != UpdateStatus.ACCEPTED:
        return
    known = unit.local_lists.get(station)
    version = max(min(request.list_version, 2**31 - 1), -(2**31))
    now = replace(known, version=version, reported_version=None)
    ours = known.state is ListState.SENDING and known.sending_from <= version <= known.sending_to
    if not ours:
        now = replace(
            now,
            known=False,
            entries=None,
            state=ListState.PENDING if known.enabled else known.state,
            problem="it was sent another list by a command",
        )
    unit.local_lists.put(station, now)


def synced(
    unit: UnitOfWork, station: StationKey, entries: int, left_out: int, content: bytes | None, at: datetime
) -> None:
    """The list holds what it should; `content` None: it did before."""
    known = unit.local_lists.get(station)
    now = replace(
        known,
        state=ListState.SYNCED,
        known=True,
        entries=entries,
        left_out=left_out,
        problem=None,
        synced_at=at,
    )
    unit.local_lists.put(station, now)
    if content is not None:
        unit.local_lists.put_content(station, content)
        _tell(unit, station, now, at)


def failed(unit: UnitOfWork, station: StationKey, problem: str, at: datetime) -> None:
    """It did not take the list."""
    now = replace(unit.local_lists.get(station), state=ListState.FAILED, problem=problem)
    unit.local_lists.put(station, now)
    _tell(unit, station, now, at)


def unsupported(unit: UnitOfWork, station: StationKey, problem: str, at: datetime) -> None:
    """It keeps no local list."""
    _unsupported(unit, station, unit.local_lists.get(station), problem, at)


def unused(unit: UnitOfWork, station: StationKey, problem: str) -> None:
    """It keeps a local list and does not use it."""
    known = unit.local_lists.get(station)
    if (known.state, known.problem) != (ListState.DISABLED, problem):
        unit.local_lists.put(station, replace(known, state=ListState.DISABLED, problem=problem))


def cache_due(unit: UnitOfWork, station: StationKey) -> int | None:
    """The newest revocation, if the charge point may remember what was so before it."""
    due = unit.revocations.due(station)
    if due is None:
        return None
    values = {name: key.value for name, key in unit.configuration.known(station).items()}
    return due if keeps_cache(values) else None


def cache_answered(
    unit: UnitOfWork, station: StationKey, request: ClearCache, answer: ClearCacheResponse, at: datetime
) -> None:
    """Keep what it said, whoever asked for it."""
    unit.revocations.answered(station, answer.status, at)


def cache_cleared(unit: UnitOfWork, station: StationKey, up_to: int, answer: str, at: datetime) -> None:
    """It was asked after this revocation, and need not be again.

    One without a cache says Rejected (CAC-13) and has nothing to forget; an error will not change either.
    """
    unit.revocations.cleared(station, up_to, answer, at)


def _unsupported(unit: UnitOfWork, station: StationKey, known: LocalList, problem: str, at: datetime) -> None:
    now = replace(
        known,
        state=ListState.NOT_SUPPORTED if known.enabled else ListState.DISABLED,
        problem=problem,
        known=False,
        entries=None,
        firmware=_firmware(unit, station),
    )
    unit.local_lists.put(station, now)
    if known.state is not now.state:
        _tell(unit, station, now, at)


def _firmware(unit: UnitOfWork, station: StationKey) -> str | None:
    return unit.stations.get(station).firmware_version


def _tell(unit: UnitOfWork, station: StationKey, known: LocalList, at: datetime) -> None:
    subject = ListSynced(
        state=known.state,
        version=known.version,
        entries=known.entries,
        left_out=known.left_out,
        problem=known.problem,
    )
    unit.events.add(EventKind.LOCAL_LIST_SYNCED, station, subject, at)
