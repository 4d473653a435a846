"""May this tag charge? (S 4.1)"""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from voltline.central.domain.authorization import (
    Authorization,
    AuthorizationRules,
    IdTag,
    UnknownTagSeen,
    Verdict,
    authorization_of,
    transaction_limit,
)
from voltline.central.domain.events import EventKind
from voltline.central.domain.stations import StationKey
from voltline.central.services.ports import UnitOfWork


def is_known(unit: UnitOfWork, id_tag: str) -> bool:
    """Whether somebody registered this tag."""
    return unit.id_tags.find(id_tag) is not None


def authorize(unit: UnitOfWork, id_tag: str, at: datetime, rules: AuthorizationRules) -> Authorization:
    """What a tag is told outside of a start: never ConcurrentTx, which has no meaning there (AUT-13)."""
    tag, parent = _found(unit, id_tag)
    return authorization_of(tag, at, rules, parent)


def authorize_presented(
    unit: UnitOfWork, station: StationKey, id_tag: str, at: datetime, rules: AuthorizationRules
) -> Authorization:
    """The same for a tag that somebody presents to a charge point, which is noted."""
    told = authorize(unit, id_tag, at, rules)
    _note(unit, station, None, id_tag, told, at)
    return told


def authorize_start(
    unit: UnitOfWork,
    station: StationKey,
    connector_id: int,
    id_tag: str,
    at: datetime,
    rules: AuthorizationRules,
) -> Authorization:
    """What a tag is told by StartTransaction.conf, whatever it was told before (TXS-06).

    Ask only once it is sure that the start is not the repetition of one that was received before:
    otherwise a charge point that lost our answer is told ConcurrentTx because of its own transaction.
    """
    tag, parent = _found(unit, id_tag)
    told = authorization_of(tag, at, rules, parent)
    if told.status is Verdict.ACCEPTED and _in_too_many(unit, id_tag, tag, parent, rules):
        told = replace(told, status=Verdict.CONCURRENT_TX)
    _note(unit, station, connector_id, id_tag, told, at)
    return told


def _found(unit: UnitOfWork, id_tag: str) -> tuple[IdTag | None, IdTag | None]:
    return unit.id_tags.with_parent(id_tag) or (None, None)


def _in_too_many(
    unit: UnitOfWork, id_tag: str, tag: IdTag | None, parent: IdTag | None, rules: AuthorizationRules
) -> bool:
    limit = transaction_limit(tag, rules)
    if limit is not None and unit.id_tags.running(id_tag) >= limit:
        return True
    if parent is None or parent.group_max_transactions is None:
        return False
    return unit.id_tags.running_in_group(parent.id_tag) >= parent.group_max_transactions


def _note(
    unit: UnitOfWork,
    station: StationKey,
    connector_id: int | None,
    id_tag: str,
    told: Authorization,
    at: datetime,
) -> None:
    if told.known:
        if told.status is Verdict.ACCEPTED:
            unit.id_tags.used(id_tag, at)
        return
    unit.id_tags.unknown_seen(id_tag, station, connector_id, told, at)
    seen = UnknownTagSeen(
        id_tag=id_tag,
        connector_id=connector_id,
        status=told.status,
        decided_by=told.decided_by,
        problem=told.problem,
    )
    unit.events.add(EventKind.ID_TAG_UNKNOWN_SEEN, station, seen, at)
