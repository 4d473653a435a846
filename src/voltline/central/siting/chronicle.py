"""What is kept of a site for people: what was found, what it allocated, and how it stood over time."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from voltline.central.domain.events import EventKind
from voltline.central.domain.sites import SiteAllocated, SiteFound, SitePoint
from voltline.central.domain.stations import StationKey
from voltline.central.services import sites
from voltline.central.siting.world import World
from voltline.smart_charging.site.facts import Finding, Trouble

log = logging.getLogger(__name__)

_TROUBLES = 50
_GOOD_NEWS = (Trouble.OBEYS_AGAIN, Trouble.WITHIN_CAPACITY)


class Chronicle:
    """Nobody waits for what is kept here. For the event loop's thread."""

    def __init__(self, site: Callable[[], str], world: World) -> None:
        """`site` tells what the site is called now."""
        self._site = site
        self._world = world
        self.troubles: deque[tuple[str, str, str, datetime]] = deque(maxlen=_TROUBLES)
        """What was found last: kind, subject, text and when."""
        self.found: dict[str, int] = {}
        """How often which kind of trouble was found."""

    def find(self, finding: Finding, kind: str) -> None:
        """Something that somebody should look at, of a kind that is none of the controller's."""
        self.find_all([finding], kind)

    def find_all(self, findings: Iterable[Finding], kind: str | None = None) -> None:
        """The same of the controller's own kinds, unless `kind` says another."""
        at, name = self._world.now(), self._site()
        told = []
        for one in findings:
            trouble = kind or str(one.trouble)
            level = logging.INFO if one.trouble in _GOOD_NEWS else logging.WARNING
            log.log(level, "site %s: %s: %s: %s", name, one.subject, trouble, one.text)
            self.troubles.append((trouble, one.subject, one.text, at))
            self.found[trouble] = self.found.get(trouble, 0) + 1
            told.append(SiteFound(site=name, trouble=trouble, subject=one.subject, text=one.text))
        self.watch(self._world.writer.submit(sites.note_findings, told, at))

    def allocated(self, station: StationKey, subject: SiteAllocated) -> None:
        """A connector has accepted another current."""
        kind, at = EventKind.SITE_ALLOCATED, self._world.now()
        self.watch(self._world.writer.submit(sites.note, kind, station, subject, at))

    def sample(self, site: int, point: SitePoint) -> None:
        """How it stands."""
        self.watch(self._world.writer.submit(sites.sample, site, point))

    def watch(self, stored: asyncio.Future[Any]) -> None:
        """Log it if this cannot be stored."""
        stored.add_done_callback(self._stored)

    def _stored(self, stored: asyncio.Future[Any]) -> None:
        if not stored.cancelled() and (error := stored.exception()) is not None:
            log.error("site %s: its history could not be kept", self._site(), exc_info=error)
