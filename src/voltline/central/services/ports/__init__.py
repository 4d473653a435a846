"""What the use cases need from storage, and what the API may ask of it.

A use case is a plain function whose first argument is a `UnitOfWork`. It runs on the writer's thread,
inside a database transaction that it shares with the messages of many charge points, in the order in
which the messages were submitted. It must return for every outcome that a message can lead to: one
that raises fails its own message only, but costs the whole batch a second run. It may be run more
than once (a batch that could not be committed is run again), so it changes nothing but the unit.

    Writer.submit(transactions.begin, station.key, request, received_at, rules)

puts it in line; the future has its result once the result is durable.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar, TypeVarTuple

from voltline.base.promise import Promise
from voltline.central.domain.stations import Registration, Station, StationKey
from voltline.central.domain.status import ConnectorState
from voltline.central.services.ports.access import TokenQueries, Tokens
from voltline.central.services.ports.authorization import IdTagQueries, IdTags, Revocations
from voltline.central.services.ports.certificates import (
    CertificateQueries,
    Certificates,
    SecurityEvents,
)
from voltline.central.services.ports.charging_profiles import ChargingProfileQueries, ChargingProfiles
from voltline.central.services.ports.commands import CommandQueries, Commands
from voltline.central.services.ports.configuration import ConfigurationQueries, Configurations
from voltline.central.services.ports.data_transfer import DataTransferQueries, DataTransfers
from voltline.central.services.ports.deviations import DeviationQueries, Deviations
from voltline.central.services.ports.events import EventQueries, Events
from voltline.central.services.ports.files import FileJobs, FileQueries, Files
from voltline.central.services.ports.findings import FindingQueries, Findings
from voltline.central.services.ports.local_lists import LocalListQueries, LocalLists
from voltline.central.services.ports.reservations import ReservationQueries, Reservations
from voltline.central.services.ports.sites import SiteQueries, Sites
from voltline.central.services.ports.stations import StationQueries
from voltline.central.services.ports.transactions import (
    MeterValues,
    Page,
    Quarantine,
    Repairs,
    TransactionQueries,
    Transactions,
)
from voltline.messages import BootNotification

__all__ = [
    "Connectors",
    "DataTransfers",
    "IdTags",
    "LocalLists",
    "MeterValues",
    "Page",
    "Quarantine",
    "Queries",
    "Repairs",
    "Reservations",
    "Revocations",
    "Stations",
    "StorageUnavailable",
    "Transactions",
    "UnitOfWork",
    "Writer",
    "WriterClosed",
]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Stations(Protocol):
    """Charge points, by identity (any case) or key."""

    def find(self, identity: str) -> Station | None: ...

    def get(self, station: StationKey) -> Station:
        """Raises LookupError for a key that was never given out."""
        ...

    def add(self, identity: str, registration: Registration, at: datetime) -> Station:
        """A new charge point, spelled like this from now on."""
        ...

    def restore(self, station: StationKey, identity: str, registration: Registration, at: datetime) -> None:
        """One that was removed is registered again, spelled like this."""
        ...

    def register(self, station: StationKey, registration: Registration) -> None: ...

    def edit(self, station: StationKey, changes: Mapping[str, object]) -> None:
        """Set these fields of the record."""
        ...

    def set_heartbeat_interval(self, station: StationKey, interval_s: int | None) -> None:
        """Told to it at its boots; None: as set for all."""
        ...

    def opened(self, station: StationKey, remote: str, at: datetime) -> None:
        """A row of its connectivity history begins."""
        ...

    def closed(self, station: StationKey, at: datetime, reason: str | None) -> None:
        """The row that is open ends."""
        ...

    def close_all(self, reason: str) -> None:
        """All rows that are open end when their charge points were last heard of."""
        ...

    def connected(self, station: StationKey, at: datetime) -> None: ...

    def disconnected(self, station: StationKey, at: datetime) -> None: ...

    def booted(
        self, station: StationKey, boot: BootNotification, answered: Registration, at: datetime
    ) -> None:
        """Keep what it said of itself, and a row of its boot history."""
        ...

    def heard(self, latest: Mapping[StationKey, datetime]) -> None:
        """When these charge points were last heard of."""
        ...


class Connectors(Protocol):
    def report(self, station: StationKey, state: ConnectorState) -> None:
        """This is the connector's state now; it goes to the history as well."""
        ...

    def status(self, station: StationKey, connector_id: int) -> str | None:
        """What the connector said last; None: it never said anything."""
        ...


class UnitOfWork(Protocol):
    """One database transaction, seen by subject."""

    @property
    def stations(self) -> Stations: ...
    @property
    def configuration(self) -> Configurations: ...
    @property
    def connectors(self) -> Connectors: ...
    @property
    def id_tags(self) -> IdTags: ...
    @property
    def revocations(self) -> Revocations: ...
    @property
    def local_lists(self) -> LocalLists: ...
    @property
    def reservations(self) -> Reservations: ...
    @property
    def transactions(self) -> Transactions: ...
    @property
    def meter_values(self) -> MeterValues: ...
    @property
    def data_transfers(self) -> DataTransfers: ...
    @property
    def file_jobs(self) -> FileJobs: ...
    @property
    def files(self) -> Files: ...
    @property
    def certificates(self) -> Certificates: ...
    @property
    def security_events(self) -> SecurityEvents: ...
    @property
    def quarantine(self) -> Quarantine: ...
    @property
    def repairs(self) -> Repairs: ...
    @property
    def charging_profiles(self) -> ChargingProfiles: ...
    @property
    def sites(self) -> Sites: ...
    @property
    def events(self) -> Events: ...
    @property
    def commands(self) -> Commands: ...
    @property
    def tokens(self) -> Tokens: ...
    @property
    def deviations(self) -> Deviations: ...
    @property
    def findings(self) -> Findings: ...


class Writer(Protocol):
    """Where handlers and API put the work that changes data (storage: GroupCommit)."""

    def submit(self, work: Callable[[UnitOfWork, *Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """Put work in line, from the event loop's thread.

        The future has the result of `work(unit, *args)` once it is durable, or the exception that
        the work raised. While the database is out of reach it waits; it never fails for that reason.
        Raises `WriterClosed` once closing has begun.
        """
        ...

    def promise(self, work: Callable[[UnitOfWork, *Ts], T], *args: *Ts) -> Promise[T]:
        """As `submit`, for the path that most messages take: the result is told to one listener, directly."""
        ...

    @property
    def waiting(self) -> int:
        """How many works are not yet durable. Where it grows, read less."""
        ...

    @property
    def healthy(self) -> bool:
        """False while the database refuses everything."""
        ...

    @property
    def last_error(self) -> str | None:
        """What the database said last while it was not healthy; None while it is."""
        ...


class WriterClosed(RuntimeError):
    """Work was submitted to a writer that is closing down."""


class Queries(
    StationQueries,
    ConfigurationQueries,
    EventQueries,
    DeviationQueries,
    FindingQueries,
    TransactionQueries,
    IdTagQueries,
    LocalListQueries,
    ReservationQueries,
    ChargingProfileQueries,
    SiteQueries,
    FileQueries,
    CertificateQueries,
    DataTransferQueries,
    CommandQueries,
    TokenQueries,
    Protocol,
):
    """The reading side. Each method blocks: call it on a worker thread (`asyncio.to_thread`).

    Any number of threads may ask at once; none of them waits for the writer, and each sees only what
    is durable. They raise `StorageUnavailable` where the database cannot be reached.
    """

    def connectors(
        self, stations: Sequence[StationKey], /
    ) -> Mapping[StationKey, tuple[ConnectorState, ...]]:
        """The connectors of each of these that ever reported one, by number, 0 first."""
        ...


class StorageUnavailable(Exception):
    """The database could not be read just now."""
