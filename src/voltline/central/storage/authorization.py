"""Id tags, unknown ones, and revocations, in tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from voltline.central.domain.authorization import Authorization, IdTag, Revocation, Verdict, tag_key
from voltline.central.domain.stations import StationKey
from voltline.central.storage.schema import (
    cleared_caches,
    id_tags,
    revocations,
    stations,
    transactions,
    unknown_id_tags,
)
from voltline.central.storage.scope import Scope

_MOST_UNKNOWN = 10_000
"""Unknown tags that are kept: anybody can present any number."""
_AT_ONCE = 500

FIELDS = (
    id_tags.c.id_tag,
    id_tags.c.parent_id_tag,
    id_tags.c.expires_at,
    id_tags.c.blocked,
    id_tags.c.max_transactions,
    id_tags.c.group_max_transactions,
    id_tags.c.notes,
    id_tags.c.added_at,
    id_tags.c.changed_at,
    id_tags.c.last_used_at,
)
_parents = id_tags.alias("parents")
_with_parent = select(
    *FIELDS, *(_parents.c[column.name].label(f"parent_{column.name}") for column in FIELDS)
).join_from(id_tags, _parents, id_tags.c.parent_key == _parents.c.tag_key, isouter=True)


def tag_of(row: Any) -> IdTag:
    """A row of `FIELDS` as a record."""
    return IdTag(**row._mapping)


def running(*tags: Any) -> Select[Any]:
    """Transactions that run and whose tag was let start them, with these conditions."""
    return select(transactions.c.id).where(
        *tags,
        transactions.c.stopped_at.is_(None),
        transactions.c.authorization_status == Verdict.ACCEPTED,
    )


class SqlIdTags:
    """See `services.ports.authorization.IdTags`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def find(self, id_tag: str) -> IdTag | None:
        found = select(*FIELDS).where(id_tags.c.tag_key == tag_key(id_tag))
        row = self._scope.connection.execute(found).first()
        return None if row is None else tag_of(row)

    def with_parent(self, id_tag: str) -> tuple[IdTag, IdTag | None] | None:
        found = _with_parent.where(id_tags.c.tag_key == tag_key(id_tag))
        row = self._scope.connection.execute(found).first()
        if row is None:
            return None
        values = tuple(row)
        count = len(FIELDS)
        names = [column.name for column in FIELDS]
        tag = IdTag(**dict(zip(names, values[:count], strict=True)))
        if values[count] is None:
            return tag, None
        return tag, IdTag(**dict(zip(names, values[count:], strict=True)))

    def all(self) -> Iterator[IdTag]:
        for row in self._scope.connection.execute(select(*FIELDS).order_by(id_tags.c.tag_key)):
            yield tag_of(row)

    def put(self, tag: IdTag, at: datetime) -> None:
        self.put_all([tag], at)

    def put_all(self, tags: Sequence[IdTag], at: datetime) -> None:
        if not tags:
            return
        put = insert(id_tags)
        kept = ("tag_key", "added_at", "last_used_at")
        new = put.excluded
        row = _row(tags[0], at)
        self._scope.connection.execute(
            put.on_conflict_do_update(
                index_elements=[id_tags.c.tag_key],
                set_={name: new[name] for name in row if name not in kept},
            ),
            [_row(tag, at) for tag in tags],
        )

    def remove(self, id_tag: str) -> bool:
        removed = self._scope.connection.execute(delete(id_tags).where(id_tags.c.tag_key == tag_key(id_tag)))
        return removed.rowcount > 0

    def used(self, id_tag: str, at: datetime) -> None:
        self._scope.connection.execute(
            update(id_tags).where(id_tags.c.tag_key == tag_key(id_tag)).values(last_used_at=at)
        )

    def running(self, id_tag: str) -> int:
        return self._count(running(transactions.c.tag_key == tag_key(id_tag)))

    def running_in_group(self, parent_id_tag: str) -> int:
        group = select(id_tags.c.tag_key).where(id_tags.c.parent_key == tag_key(parent_id_tag))
        return self._count(running(transactions.c.tag_key.in_(group)))

    def _count(self, wanted: Select[Any]) -> int:
        counted = select(func.count()).select_from(wanted.subquery())
        return self._scope.connection.execute(counted).scalar_one()

    def unknown_seen(
        self,
        id_tag: str,
        station: StationKey,
        connector_id: int | None,
        told: Authorization,
        at: datetime,
    ) -> None:
        run = self._scope.connection.execute
        latest = {
            "id_tag": id_tag,
            "last_seen_at": at,
            "station_id": station,
            "connector_id": connector_id,
            "status": told.status,
            "decided_by": told.decided_by,
            "problem": told.problem,
        }
        key = tag_key(id_tag)
        again = update(unknown_id_tags).where(unknown_id_tags.c.tag_key == key)
        if run(again.values(times=unknown_id_tags.c.times + 1, **latest)).rowcount:
            return
        added = run(insert(unknown_id_tags).values(tag_key=key, times=1, first_seen_at=at, **latest))
        assert added.inserted_primary_key is not None
        if added.inserted_primary_key[0] % 100 == 0:
            newest = select(unknown_id_tags.c.id).order_by(unknown_id_tags.c.last_seen_at.desc())
            run(delete(unknown_id_tags).where(unknown_id_tags.c.id.not_in(newest.limit(_MOST_UNKNOWN))))

    def forget_unknown(self, id_tag: str) -> bool:
        mine = unknown_id_tags.c.tag_key == tag_key(id_tag)
        return self._scope.connection.execute(delete(unknown_id_tags).where(mine)).rowcount > 0

    def unknown(self, id_tag: str) -> str | None:
        found = select(unknown_id_tags.c.id_tag).where(unknown_id_tags.c.tag_key == tag_key(id_tag))
        return self._scope.connection.execute(found).scalar()


class SqlRevocations:
    """See `services.ports.authorization.Revocations`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def add(self, revoked: Iterable[tuple[str, Revocation]], at: datetime) -> None:
        rows = [{"id_tag": id_tag, "reason": reason, "at": at} for id_tag, reason in revoked]
        if rows:
            self._scope.connection.execute(insert(revocations), rows)

    def due(self, station: StationKey) -> int | None:
        newest = self._scope.connection.execute(
            select(revocations.c.id, revocations.c.at).order_by(revocations.c.id.desc()).limit(1)
        ).first()
        if newest is None:
            return None
        cleared = self._scope.connection.execute(
            select(cleared_caches.c.revocation_id).where(cleared_caches.c.station_id == station)
        ).scalar()
        if cleared is not None:
            return None if cleared >= newest.id else newest.id
        registered_at = self._scope.connection.execute(
            select(stations.c.registered_at).where(stations.c.id == station)
        ).scalar()
        # It was never told anything before it was known here.
        return newest.id if registered_at is None or registered_at <= newest.at else None

    def answered(self, station: StationKey, answer: str, at: datetime) -> None:
        registered_at = select(stations.c.registered_at).where(stations.c.id == station).scalar_subquery()
        before = select(func.max(revocations.c.id)).where(revocations.c.at < registered_at)
        self._keep(station, {"answer": answer, "at": at}, before)

    def cleared(self, station: StationKey, up_to: int, answer: str, at: datetime) -> None:
        self._keep(station, {"revocation_id": up_to, "answer": answer, "at": at}, None)

    def _keep(self, station: StationKey, values: dict[str, Any], first: Select[Any] | None) -> None:
        run = self._scope.connection.execute
        mine = cleared_caches.c.station_id == station
        if run(update(cleared_caches).where(mine).values(**values)).rowcount == 0:
            if first is not None:
                values = values | {"revocation_id": run(first).scalar() or 0}
            run(insert(cleared_caches).values(station_id=station, **values))


def _row(tag: IdTag, at: datetime) -> dict[str, Any]:
    values = msgspec.structs.asdict(tag)
    parent = tag.parent_id_tag
    return values | {
        "tag_key": tag_key(tag.id_tag),
        "parent_key": None if parent is None else tag_key(parent),
        "changed_at": at,
        "added_at": at,
        "last_used_at": None,
    }
