"""Id tags, known and unknown, read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from voltline.base.ids import folded
from voltline.central.domain.authorization import IdTag, TagFilter, TagOrder, UnknownTag, earlier, tag_key
from voltline.central.domain.local_lists import ListEntry
from voltline.central.domain.stations import StationKey
from voltline.central.services.ports.authorization import EVERY_TAG
from voltline.central.storage.authorization import FIELDS, running, tag_of
from voltline.central.storage.columns import storable_text
from voltline.central.storage.queries.base import Reads
from voltline.central.storage.schema import cleared_caches, id_tags, stations, transactions, unknown_id_tags

_LONGEST_IDENTIFIER = 20  # of a tag that a local list can hold (S 7.28)


class IdTagReads(Reads):
    """See `services.ports.authorization.IdTagQueries`."""

    def id_tags(
        self,
        *,
        only: TagFilter = EVERY_TAG,
        order: TagOrder = TagOrder.ID_TAG,
        after: str | None = None,
        offset: int = 0,
        limit: int | None = 100,
    ) -> tuple[IdTag, ...]:
        wanted = select(*FIELDS).where(*_conditions(only)).offset(offset).order_by(*_ORDERS[order])
        if limit is not None:
            wanted = wanted.limit(limit)
        if after is not None:
            wanted = wanted.where(id_tags.c.tag_key > tag_key(after))
        with self._reading() as connection:
            return tuple(tag_of(row) for row in connection.execute(wanted))

    def id_tag(self, id_tag: str) -> IdTag | None:
        wanted = select(*FIELDS).where(id_tags.c.tag_key == tag_key(id_tag))
        with self._reading() as connection:
            row = connection.execute(wanted).first()
        return None if row is None else tag_of(row)

    def unknown_id_tags(
        self, *, identity: str | None = None, offset: int = 0, limit: int = 100
    ) -> tuple[UnknownTag, ...]:
        table = unknown_id_tags.c
        wanted = (
            select(unknown_id_tags, stations.c.identity)
            .join_from(unknown_id_tags, stations)
            .order_by(table.last_seen_at.desc(), table.id.desc())
            .offset(offset)
            .limit(limit)
        )
        if identity is not None:
            wanted = wanted.where(stations.c.identity_key == folded(identity))
        with self._reading() as connection:
            return tuple(_unknown(row) for row in connection.execute(wanted))

    def usable_tags(self, at: datetime, groups: Sequence[str] | None = None) -> tuple[ListEntry, ...]:
        table, parents = id_tags.c, id_tags.alias("parents")
        wanted = (
            select(
                table.id_tag, table.parent_id_tag, table.expires_at, parents.c.expires_at.label("group_end")
            )
            .join_from(id_tags, parents, table.parent_key == parents.c.tag_key, isouter=True)
            .where(
                table.blocked.is_(False),
                or_(table.expires_at.is_(None), table.expires_at > at),
                or_(parents.c.blocked.is_(None), parents.c.blocked.is_(False)),
                or_(parents.c.expires_at.is_(None), parents.c.expires_at > at),
                func.length(table.id_tag) <= _LONGEST_IDENTIFIER,
            )
            .order_by(*_recently(table.last_used_at))
        )
        if groups is not None:
            keys = [tag_key(group) for group in groups]
            wanted = wanted.where(or_(table.parent_key.in_(keys), table.tag_key.in_(keys)))
        with self._reading() as connection:
            return tuple(
                ListEntry(row.id_tag, row.parent_id_tag, earlier(row.expires_at, row.group_end))
                for row in connection.execute(wanted)
            )

    def cache_answer(self, station: StationKey) -> tuple[str, datetime] | None:
        table = cleared_caches.c
        wanted = select(table.answer, table.at).where(table.station_id == station, table.answer.is_not(None))
        with self._reading() as connection:
            row = connection.execute(wanted).first()
        return None if row is None else (row.answer, row.at)

    def running_by_tag(self, id_tags: Sequence[str]) -> Mapping[str, int]:
        keys = [tag_key(one) for one in id_tags]
        counted = (transactions.c.tag_key, func.count().label("running"))
        wanted = running(transactions.c.tag_key.in_(keys)).with_only_columns(*counted)
        wanted = wanted.group_by(transactions.c.tag_key)
        with self._reading() as connection:
            return {row.tag_key: row.running for row in connection.execute(wanted)}


def _recently(column: ColumnElement[Any]) -> tuple[ColumnElement[Any], ...]:
    """The latest first, those without at last."""
    return column.is_(None), column.desc(), id_tags.c.tag_key.asc()


_ORDERS: Mapping[TagOrder, tuple[ColumnElement[Any], ...]] = {
    TagOrder.ID_TAG: (id_tags.c.tag_key.asc(),),
    TagOrder.RECENTLY_USED: _recently(id_tags.c.last_used_at),
    TagOrder.RECENTLY_CHANGED: _recently(id_tags.c.changed_at),
}


def _conditions(only: TagFilter) -> list[ColumnElement[bool]]:
    table = id_tags.c
    conditions: list[ColumnElement[bool]] = []
    if only.text:
        text = storable_text(only.text).casefold()
        conditions.append(
            or_(
                table.tag_key.contains(text, autoescape=True),
                table.parent_key.contains(text, autoescape=True),
                func.lower(table.notes).contains(text, autoescape=True),
            )
        )
    if only.parent is not None:
        conditions.append(table.parent_key == tag_key(only.parent))
    if only.blocked is not None:
        conditions.append(table.blocked.is_(only.blocked))
    if only.expired_at is not None:
        conditions.append(table.expires_at <= only.expired_at)
    if only.not_expired_at is not None:
        conditions.append(or_(table.expires_at.is_(None), table.expires_at > only.not_expired_at))
    return conditions


def _unknown(row: Any) -> UnknownTag:
    values = dict(row._mapping)
    del values["tag_key"], values["station_id"]
    return UnknownTag(**values)
