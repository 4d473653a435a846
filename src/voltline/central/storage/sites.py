"""Sites in their tables."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or

from voltline.central.domain.sites import (
    FusePoint,
    KeptSite,
    SiteDefinition,
    SiteMemory,
    SitePoint,
    name_key,
)
from voltline.central.storage.columns import storable_text
from voltline.central.storage.schema.sites import site_history, sites
from voltline.central.storage.scope import Scope

_json = msgspec.json.Encoder().encode
_definition = msgspec.json.Decoder(SiteDefinition)
_memory = msgspec.json.Decoder(SiteMemory)
_fuses = msgspec.msgpack.Decoder(tuple[FusePoint, ...])


def _text(value: msgspec.Struct) -> str:
    return storable_text(_json(value).decode())


def site_of(row: Any) -> KeptSite:
    """A row of `sites` as a record."""
    return KeptSite(
        id=row.id,
        definition=_definition.decode(row.definition),
        memory=_memory.decode(row.memory),
        created_at=row.created_at,
        changed_at=row.changed_at,
    )


def point_of(row: Any) -> SitePoint:
    """A row of `site_history` as a record."""
    return SitePoint(at=row.at, fuses=_fuses.decode(row.fuses))


def kept_sites(connection: Connection) -> tuple[KeptSite, ...]:
    """All of them, by name."""
    rows = connection.execute(select(sites).order_by(sites.c.name_key))
    return tuple(site_of(row) for row in rows)


class SqlSites:
    """See `services.ports.sites.Sites`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def all(self) -> tuple[KeptSite, ...]:
        return kept_sites(self._scope.connection)

    def find(self, name: str) -> KeptSite | None:
        found = select(sites).where(sites.c.name_key == name_key(name))
        row = self._scope.connection.execute(found).first()
        return None if row is None else site_of(row)

    def add(self, definition: SiteDefinition, at: datetime) -> KeptSite:
        row = insert(sites).values(
            name=definition.name,
            name_key=name_key(definition.name),
            definition=_text(definition),
            memory=_text(SiteMemory()),
            created_at=at,
            changed_at=at,
        )
        self._scope.connection.execute(row)
        kept = self.find(definition.name)
        assert kept is not None
        return kept

    def change(self, site: int, definition: SiteDefinition, at: datetime) -> None:
        self._update(
            site,
            name=definition.name,
            name_key=name_key(definition.name),
            definition=_text(definition),
            changed_at=at,
        )

    def remember(self, site: int, memory: str) -> None:
        self._update(site, memory=memory)

    def remove(self, site: int) -> None:
        self._scope.connection.execute(delete(site_history).where(site_history.c.site_id == site))
        self._scope.connection.execute(delete(sites).where(sites.c.id == site))

    def sample(self, site: int, point: SitePoint) -> None:
        known = select(sites.c.id).where(sites.c.id == site)
        if self._scope.connection.execute(known).first() is None:
            return
        row = insert_or(site_history).values(
            site_id=site, at=point.at, fuses=msgspec.msgpack.encode(point.fuses)
        )
        self._scope.connection.execute(row.on_conflict_do_nothing())

    def discard(self, *, before: datetime, at_most: int) -> int:
        table = site_history.c
        old = select(table.site_id, table.at).where(table.at < before).order_by(table.at).limit(at_most)
        rows = self._scope.connection.execute(old).all()
        for row in rows:
            mine = table.site_id == row.site_id, table.at == row.at
            self._scope.connection.execute(delete(site_history).where(*mine))
        return len(rows)

    def _update(self, site: int, **values: object) -> None:
        self._scope.connection.execute(update(sites).where(sites.c.id == site).values(**values))
