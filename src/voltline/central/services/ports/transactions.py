"""What the use cases of transactions, their readings and the quarantine need from storage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct

from voltline.central.domain.metering import Reading
from voltline.central.domain.quarantine import Quarantined, QuarantineReason, QuarantineState
from voltline.central.domain.repairs import Change, Repair, RepairKind
from voltline.central.domain.stations import StationKey
from voltline.central.domain.transactions import Oddity, Start, Stop, StopSource, Transaction
from voltline.messages import MeterValue, Request


class Transactions(Protocol):
    def begin(
        self,
        station: StationKey,
        start: Start,
        authorization_status: str,
        received_at: datetime,
        began_at: datetime | None = None,
        noted: Iterable[Oddity] = (),
    ) -> int:
        """A new transaction; its id. `began_at` is when it began, as far as that can be believed."""
        ...

    def begin_shell(
        self, station: StationKey, start: Start, sent_id: int, received_at: datetime, began_at: datetime
    ) -> int:
        """A new transaction that is known only by its meter values; its id, which is not `sent_id`."""
        ...

    def adopt(
        self,
        transaction_id: int,
        start: Start,
        authorization_status: str,
        received_at: datetime,
        began_at: datetime,
        noted: Iterable[Oddity],
    ) -> None:
        """The start of a transaction that was known only by its meter values has come."""
        ...

    def begun_by(self, station: StationKey, start: Start) -> Transaction | None:
        """The transaction that this very start opened: same connector, tag, time and meter reading."""
        ...

    def get(self, transaction_id: int) -> Transaction | None: ...

    def these(self, transaction_ids: Sequence[int]) -> tuple[Transaction, ...]:
        """Those of them that there are, in any order."""
        ...

    def owner(self, transaction_id: int) -> StationKey | None:
        """Whose transaction this is. Cheap: asked for every MeterValues.

        None also if its end was inferred: then readings may show that it goes on.
        """
        ...

    def shell(self, station: StationKey, sent_id: int) -> int | None:
        """The newest transaction of this charge point for which it uses this id, which is not ours."""
        ...

    def covering(self, station: StationKey, connector_id: int, at: datetime) -> tuple[Transaction, ...]:
        """The two that began last on this connector up to this time, newest first."""
        ...

    def next_beginning(self, station: StationKey, connector_id: int, after: datetime) -> datetime | None:
        """When the next transaction that was started on this connector after this time began."""
        ...

    def running(self, station: StationKey, connector_id: int) -> tuple[Transaction, ...]:
        """Those that run on this connector, oldest first: one, where charge points do as they should."""
        ...

    def unsettled(self, station: StationKey) -> tuple[Transaction, ...]:
        """The newest ones whose stop was not received, newest first; not all of very many."""
        ...

    def stopped_by(self, station: StationKey, stop: Stop) -> tuple[Transaction, ...]:
        """Those that ended at this stop's time and meter reading, newest first."""
        ...

    def stop(
        self,
        transaction_id: int,
        stop: Stop,
        received_at: datetime,
        source: StopSource = StopSource.CHARGE_POINT,
        noted: Iterable[Oddity] = (),
        meter_start_wh: int | None = None,
    ) -> None:
        """End it, or change its end. `meter_start_wh` is given where the start only now is known."""
        ...

    def reopen(self, transaction_id: int, noted: Iterable[Oddity]) -> None:
        """It runs after all."""
        ...

    def is_charging(self, id_tag: str) -> bool:
        """True while a transaction that this tag was let start is running, on any charge point."""
        ...


class MeterValues(Protocol):
    def add(
        self,
        station: StationKey,
        connector_id: int,
        sent_transaction_id: int | None,
        transaction_id: int | None,
        values: Sequence[MeterValue],
        received_at: datetime,
        from_stop: bool = False,
    ) -> None:
        """Keep these, in this order.

        `sent_transaction_id` is what the charge point wrote, `transaction_id` its transaction where
        there is one. Values of an unknown time (`UNKNOWN_TIME`) count as of their receipt. Values
        that the charge point sends again, on this connection or the next, are not kept twice.
        """
        ...

    def take_news(self, at_most: int) -> Mapping[int, tuple[Reading, ...]]:
        """The last readings of transactions that had any since they were last taken here.

        Not those that came with a stop; of so many transactions at most.
        """
        ...

    def readings(self, transaction_id: int) -> tuple[Reading, ...]:
        """What is known of a transaction, in order of time; the newest 20,000 instants at most."""
        ...

    def names_transaction(self, transaction_id: int) -> bool:
        """Whether the charge point ever sent readings under this id: then it knows the id."""
        ...


class Quarantine(Protocol):
    def put(
        self,
        station: StationKey,
        request: Request[Any],
        reason: QuarantineReason,
        received_at: datetime,
    ) -> bool:
        """Keep a message that cannot be placed. False: it was kept before, and is only counted."""
        ...

    def get(self, quarantine_id: int) -> tuple[StationKey, Quarantined] | None:
        """A message, and which charge point sent it."""
        ...

    def open(self, station: StationKey, action: str) -> tuple[Quarantined, ...]:
        """Messages of a charge point that nobody has repaired, newest first; not all of very many."""
        ...

    def settle(
        self, quarantine_id: int, state: QuarantineState, transaction_id: int | None, at: datetime
    ) -> None:
        """It has been repaired."""
        ...


class Repairs(Protocol):
    def add(self, change: Change, at: datetime) -> int:
        """Write down a repair, for ever; its id."""
        ...


class Page(Struct, frozen=True):
    """A part of a list of transactions."""

    items: tuple[Transaction, ...]
    next_before: int | None
    """Ask with `before` set to this for the next part; None: there is none."""


class TransactionQueries(Protocol):
    """The reading side of transactions, quarantine and repairs; see `Queries`."""

    def transactions(
        self,
        *,
        identity: str | None = None,
        id_tag: str | None = None,
        active: bool | None = None,
        before: int | None = None,
        limit: int = 100,
        connector_id: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        flagged: bool | None = None,
        oddity: str | None = None,
        by_start: bool = False,
        oldest_first: bool = False,
    ) -> Page:
        """Transactions, newest first by id, or by the time of their start.

        `identity` and `id_tag` in any case; `since` and `until` (not included) are about the start;
        `flagged`: with any oddity, or with none; `before` is the id at which the last part ended.
        """
        ...

    def transaction(self, transaction_id: int) -> Transaction | None: ...

    def readings(self, transaction_id: int) -> tuple[Reading, ...]:
        """Every sampled value of a transaction, defaults filled in (MTV-11), in order of time."""
        ...

    def quarantine(
        self,
        *,
        before: int | None = None,
        limit: int = 100,
        identity: str | None = None,
        action: str | None = None,
        reason: QuarantineReason | None = None,
        state: QuarantineState | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        oldest_first: bool = False,
    ) -> tuple[Quarantined, ...]:
        """Newest first; `before` is the id at which the last part ended; times are of the first receipt."""
        ...

    def quarantined(self, quarantine_id: int) -> Quarantined | None: ...

    def repairs(
        self,
        *,
        before: int | None = None,
        limit: int = 100,
        identity: str | None = None,
        transaction_id: int | None = None,
        quarantine_id: int | None = None,
        who: str | None = None,
        kind: RepairKind | None = None,
        oldest_first: bool = False,
    ) -> tuple[Repair, ...]:
        """Newest first; `before` is the id at which the last part ended."""
        ...

    def repair(self, repair_id: int) -> Repair | None: ...
