"""Local lists in a table."""

from __future__ import annotations

import zlib
from typing import Any

import msgspec
from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from voltline.central.domain.local_lists import ListEntry, ListState, LocalList
from voltline.central.domain.stations import StationKey
from voltline.central.storage.schema import local_lists
from voltline.central.storage.scope import Scope

_entries = msgspec.msgpack.Decoder(tuple[ListEntry, ...])
_groups = msgspec.json.Decoder(tuple[str, ...])
_FIELDS = tuple(column for column in local_lists.c if column.name not in ("station_id", "content"))


def packed(entries: tuple[ListEntry, ...]) -> bytes:
    """Entries as they are stored."""
    return zlib.compress(msgspec.msgpack.encode(entries), 1)


def unpacked(content: bytes) -> tuple[ListEntry, ...]:
    return _entries.decode(zlib.decompress(content))


def local_list_of(connection: Connection, station: StationKey) -> LocalList:
    found = select(*_FIELDS).where(local_lists.c.station_id == station)
    row = connection.execute(found).first()
    if row is None:
        return LocalList()
    values: dict[str, Any] = dict(row._mapping)
    values["state"] = ListState(values["state"])
    values["groups"] = None if values["groups"] is None else _groups.decode(values["groups"])
    return LocalList(**values)


class SqlLocalLists:
    """See `services.ports.local_lists.LocalLists`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def get(self, station: StationKey) -> LocalList:
        return local_list_of(self._scope.connection, station)

    def put(self, station: StationKey, known: LocalList) -> None:
        values = msgspec.structs.asdict(known)
        values["groups"] = None if known.groups is None else msgspec.json.encode(known.groups).decode()
        self._scope.connection.execute(
            insert(local_lists)
            .values(station_id=station, **values)
            .on_conflict_do_update(index_elements=[local_lists.c.station_id], set_=values)
        )

    def put_content(self, station: StationKey, content: bytes | None) -> None:
        self._scope.connection.execute(
            update(local_lists).where(local_lists.c.station_id == station).values(content=content)
        )
