"""Stand-ins for what the API and its neighbours are given."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from voltline.base.promise import Promise
from voltline.central.api.needs import Line
from voltline.central.domain.metering import Reading
from voltline.central.domain.quarantine import Quarantined
from voltline.central.domain.stations import Registration, Station, StationFilter, StationKey
from voltline.central.domain.status import ConnectorState
from voltline.central.domain.transactions import Transaction
from voltline.central.services.ports import Page, StorageUnavailable
from voltline.central.services.ports.stations import EVERY_STATION

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_station(identity: str = "CP1", registration: Registration = Registration.ACCEPTED) -> Station:
    return Station(key=StationKey(1), identity=identity, registration=registration, registered_at=NOW)


class FakeWriter:
    """Runs nothing until told to."""

    def __init__(self) -> None:
        self.submitted: list[
            tuple[asyncio.Future[Any] | Promise[Any], Callable[..., Any], tuple[Any, ...]]
        ] = []
        self.last_error: str | None = None

    def submit(self, work: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.submitted.append((future, work, args))
        return future

    def promise(self, work: Callable[..., Any], *args: Any) -> Promise[Any]:
        promise: Promise[Any] = Promise()
        self.submitted.append((promise, work, args))
        return promise

    def finish(self, result: Any = None) -> None:
        """All that was submitted is stored now."""
        for future, _, _ in self.submitted:
            future.set_result(result)
        self.submitted.clear()

    @property
    def waiting(self) -> int:
        return len(self.submitted)

    @property
    def healthy(self) -> bool:
        return self.last_error is None


class FakeQueries:
    """Knows one charge point and nothing else; `failure` is raised by every question."""

    def __init__(self, *stations: Station) -> None:
        self.known = stations
        self.failure: Exception | None = None

    def _asked(self) -> None:
        if self.failure is not None:
            raise self.failure

    def stations(
        self, *, after: str | None = None, limit: int = 100, only: StationFilter = EVERY_STATION
    ) -> tuple[Station, ...]:
        self._asked()
        return self.known[:limit]

    def station(self, identity: str) -> Station | None:
        self._asked()
        return next((one for one in self.known if one.identity.lower() == identity.lower()), None)

    def connectors(self, stations: Sequence[StationKey]) -> Mapping[StationKey, tuple[ConnectorState, ...]]:
        return {}

    def transactions(self, **filters: Any) -> Page:
        self._asked()
        return Page((), None)

    def transaction(self, transaction_id: int) -> Transaction | None:
        return None

    def commands(self, **filters: Any) -> tuple[Any, ...]:
        self._asked()
        return ()

    def readings(self, transaction_id: int) -> tuple[Reading, ...]:
        return ()

    def quarantine(self, **filters: Any) -> tuple[Quarantined, ...]:
        return ()


class FakeLine:
    """Answers every command with `answer`, or raises it."""

    def __init__(self, answer: Any, registration: Registration = Registration.ACCEPTED) -> None:
        self.answer = answer
        self.identity = "CP1"
        self.key = StationKey(1)
        self.registration = registration
        self.boot_accepted = registration is Registration.ACCEPTED
        self.last_heard_at = NOW
        self.commands: list[Any] = []

    async def call(self, request: Any, *, timeout_s: float | None = None) -> Any:
        self.commands.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class FakeLines:
    def __init__(self, **lines: Line) -> None:
        self.lines = lines

    def line(self, identity: str) -> Line | None:
        return self.lines.get(identity)

    def __len__(self) -> int:
        return len(self.lines)


UNAVAILABLE = StorageUnavailable("disk full")
