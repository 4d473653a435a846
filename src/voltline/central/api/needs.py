"""What the API needs besides storage: the live connections. The composition supplies it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from voltline.central.api.event_tail import EventTail
from voltline.central.domain.access import Principal
from voltline.central.domain.inspection import InspectionFigures
from voltline.central.services.ports import Queries, Writer
from voltline.central.services.ports.files import FileShelf
from voltline.central.services.ports.lines import Line, Lines, Procedure, Procedures
from voltline.central.services.ports.messages import MessageQueries, MessageRecords
from voltline.central.services.ports.sites import SiteBoard
from voltline.quirks import Registry

__all__ = ["Line", "Lines", "Site"]


class _NoProcedures:
    """For a site that has no charge points to work with."""

    def start(
        self, identity: str, name: str, procedure: Procedure, *, before_acceptance: bool = False
    ) -> None:
        return


class TagFollowers(Protocol):
    """Who keeps local lists and caches as the registered id tags are (`procedures.local_lists`)."""

    def tags_changed(self, *, revoked: bool) -> None:
        """`revoked`: what charge points remember of a tag may be wrong now."""
        ...

    def start(self, identity: str) -> None:
        """Bring the local list of a charge point up to date as soon as possible."""
        ...


class _NoFollowers:
    """For a site that has no charge points to tell."""

    def tags_changed(self, *, revoked: bool) -> None:
        return

    def start(self, identity: str) -> None:
        return


class FileJobSender(Protocol):
    """Who sends the commands of jobs about files (`procedures.file_jobs`)."""

    def start(self, identity: str) -> None:
        """Send what waits for this charge point as soon as possible."""
        ...


class AccessGate(Protocol):
    """Who uses the API (`gate.Gate`)."""

    async def asks(self) -> bool:
        """Whether somebody has to show a token."""
        ...

    async def principal(self, written: str) -> Principal | None:
        """Who shows this token; None: it opens nothing."""
        ...

    def forget(self) -> None:
        """Something about tokens has changed."""
        ...


class MessageLogs(Struct, frozen=True):
    """The message log: as it is written, and as it is read."""

    records: MessageRecords
    queries: MessageQueries


class Site(Struct, frozen=True):
    """What every route is given."""

    queries: Queries
    writer: Writer
    lines: Lines
    procedures: Procedures = _NoProcedures()
    tail: EventTail | None = None
    """None: nobody can follow events here."""
    messages: MessageLogs | None = None
    """None: the message log is switched off."""
    local_lists: TagFollowers = _NoFollowers()
    gate: AccessGate | None = None
    """None: everybody may do everything."""
    quirks: Registry = Registry()
    files: FileShelf | None = None
    """None: nothing can be kept here."""
    file_jobs: FileJobSender | None = None
    """None: nobody sends their commands."""
    sites: SiteBoard | None = None
    """None: sites are kept, and nobody steers them."""
    inspection: Callable[[], InspectionFigures] | None = None
    """How the inspector stands; None: it is switched off."""
    metrics: Callable[[], bytes] | None = None
    """Prometheus text; None: nothing is measured."""
