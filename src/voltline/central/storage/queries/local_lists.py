"""Local lists, read."""

from __future__ import annotations

from sqlalchemy import select

from voltline.central.domain.local_lists import ListEntry, LocalList
from voltline.central.domain.stations import StationKey
from voltline.central.storage.local_lists import local_list_of, packed, unpacked
from voltline.central.storage.queries.base import Reads
from voltline.central.storage.schema import local_lists


class LocalListReads(Reads):
    """See `services.ports.local_lists.LocalListQueries`."""

    def local_list(self, station: StationKey) -> LocalList:
        with self._reading() as connection:
            return local_list_of(connection, station)

    def local_list_content(self, station: StationKey) -> tuple[ListEntry, ...] | None:
        table = local_lists.c
        wanted = select(table.content).where(table.station_id == station, table.known.is_(True))
        with self._reading() as connection:
            content = connection.execute(wanted).scalar()
        return None if content is None else unpacked(content)

    def packed(self, entries: tuple[ListEntry, ...]) -> bytes:
        return packed(entries)
