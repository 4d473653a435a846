"""Sites, read."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from voltline.central.domain.sites import KeptSite, SitePoint, name_key
from voltline.central.storage.queries.base import Reads
from voltline.central.storage.schema.sites import site_history, sites
from voltline.central.storage.sites import kept_sites, point_of, site_of


class SiteReads(Reads):
    """See `services.ports.sites.SiteQueries`."""

    def sites(self) -> tuple[KeptSite, ...]:
        with self._reading() as connection:
            return kept_sites(connection)

    def site(self, name: str) -> KeptSite | None:
        with self._reading() as connection:
            row = connection.execute(select(sites).where(sites.c.name_key == name_key(name))).first()
        return None if row is None else site_of(row)

    def site_history(
        self, site: int, *, since: datetime | None = None, until: datetime | None = None, limit: int = 10_000
    ) -> tuple[SitePoint, ...]:
        table = site_history.c
        wanted = select(site_history).where(table.site_id == site).order_by(table.at.desc()).limit(limit)
        if since is not None:
            wanted = wanted.where(table.at >= since)
        if until is not None:
            wanted = wanted.where(table.at < until)
        with self._reading() as connection:
            found = [point_of(row) for row in connection.execute(wanted)]
        return tuple(reversed(found))
