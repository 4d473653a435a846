"""DataTransfer: what use cases need from storage, and what may be asked of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

from voltline.central.domain.data_transfer import Direction, NewRule, Transfer, TransferRule
from voltline.central.domain.stations import StationKey
from voltline.messages import DataTransfer, DataTransferResponse

TransferHandler = Callable[[str, DataTransfer], Awaitable[DataTransferResponse]]
"""Answers a message of a vendor: given the charge point's identity and the request."""


class DataTransfers(Protocol):
    """Messages, and the rules by which they are answered."""

    def add(
        self,
        station: StationKey,
        request: DataTransfer,
        answer: DataTransferResponse,
        at: datetime,
        *,
        direction: Direction = Direction.RECEIVED,
        route: str | None = None,
        problem: str | None = None,
    ) -> None:
        """Keep a message with its answer."""
        ...

    def rules(self) -> Sequence[TransferRule]:
        """All, by number."""
        ...

    def rule(self, rule_id: int) -> TransferRule | None: ...

    def add_rule(self, rule: NewRule, at: datetime) -> TransferRule: ...

    def change_rule(self, rule_id: int, rule: NewRule, at: datetime) -> TransferRule: ...

    def remove_rule(self, rule_id: int) -> None: ...


class DataTransferQueries(Protocol):
    """The reading side; see `Queries`."""

    def data_transfers(
        self,
        *,
        before: int | None = None,
        limit: int = 100,
        identity: str | None = None,
        vendor_id: str | None = None,
        message_id: str | None = None,
        direction: Direction | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> tuple[Transfer, ...]:
        """Newest first; names in any case."""
        ...

    def data_transfer_rules(
        self, *, after: int | None = None, limit: int = 100, vendor_id: str | None = None
    ) -> tuple[TransferRule, ...]:
        """By number."""
        ...

    def data_transfer_rule(self, rule_id: int) -> TransferRule | None: ...


class Poster(Protocol):
    """Asks a URL of an operator's; see `central.posting`."""

    async def post(self, url: str, body: bytes, timeout_s: float) -> bytes:
        """POST JSON; the body of the answer. Raises NoAnswer for anything but a 2xx answer in time."""
        ...


class NoAnswer(Exception):
    """A URL could not be asked; the text says why."""
