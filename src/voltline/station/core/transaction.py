"""One transaction, from the first closing of the contactor to its last reading."""

from collections import Counter
from datetime import datetime

import msgspec

from voltline.messages import MeterValue, ReadingContext
from voltline.station.core.readings import Place

ENDS = (ReadingContext.TRANSACTION_BEGIN, ReadingContext.TRANSACTION_END)
"""Readings that are never dropped (errata 3.89)."""


class TransactionRecord(msgspec.Struct, frozen=True):
    """What of a running transaction outlives a loss of power: enough to end it afterwards."""

    number: int
    connector_id: int
    id_tag: str
    parent_id_tag: str | None
    meter_start_wh: int
    started_at: datetime
    kept: list[MeterValue]


class RunningRecord(msgspec.Struct, frozen=True):
    """Every running transaction, and the last moment at which the station is known to have had power."""

    alive_at: datetime
    transactions: list[TransactionRecord]


class Transaction:
    """What the station remembers of a running transaction. Energy in watt hours."""

    __slots__ = (
        "_counts",
        "_stride",
        "allowance_wh",
        "awaited",
        "began",
        "connector_id",
        "free_vend",
        "has_flowed",
        "id_tag",
        "kept",
        "marks",
        "meter_start_wh",
        "number",
        "parent_id_tag",
        "power_lost_at",
        "refused",
        "started_at",
    )

    def __init__(
        self,
        number: int,
        connector_id: int,
        id_tag: str,
        parent_id_tag: str | None,
        meter_start_wh: int,
        started_at: datetime,
        began: float,
    ) -> None:
        self.number = number
        """The station's own count; the central system's number comes with the answer to the start."""
        self.connector_id = connector_id
        self.id_tag = id_tag
        self.parent_id_tag = parent_id_tag
        self.meter_start_wh = meter_start_wh
        self.started_at = started_at
        """By the station's clock, as reported."""
        self.began = began
        """The same moment in seconds of the monotonic clock."""
        self.refused = False
        """The central system did not accept the tag, and the transaction goes on without energy."""
        self.free_vend = False
        """Nobody presented a tag: it began at the plug with the tag for all."""
        self.awaited = False
        """Energy waits for the central system's word on the tag."""
        self.allowance_wh: tuple[int, int] | None = None
        """The tag was refused, and so much is still given: the register's last value, and its highest one."""
        self.kept: list[MeterValue] = []
        """Readings for StopTransaction.transactionData, in the order they were taken."""
        self.power_lost_at: datetime | None = None
        """Of one that did not outlive a loss of power, and is only to be ended still."""
        self.has_flowed = False
        """Energy was on: when it is switched off, that is an interruption."""
        self.marks: dict[Place, float] = {}
        """The registers at the last periodic reading, where energy from reading to reading is told."""
        self._counts: Counter[ReadingContext] = Counter()
        self._stride = 1

    @property
    def waits_for_tag(self) -> bool:
        """Whether a presented tag may take its place: free vend without the central system's consent."""
        return self.free_vend and (self.awaited or self.refused)

    def keep(self, value: MeterValue, context: ReadingContext, most: int) -> None:
        """Keep a reading for the end, where `most` are told. Those that recur are thinned out early."""
        self._counts[context] += 1
        if context in ENDS:
            self.kept.append(value)
            return
        if self._counts[context] % self._stride:
            return
        self.kept.append(value)
        if len(self.kept) > 2 * most:
            # Every second one of a kind goes, now and from now on, so that those that stay are evenly spaced.
            self._stride *= 2
            seen: Counter[object] = Counter()
            kept, self.kept = self.kept, []
            for one in kept:
                kind = one.sampled_value[0].context
                seen[kind] += 1
                if kind in ENDS or not seen[kind] % 2:
                    self.kept.append(one)

    @property
    def record(self) -> TransactionRecord:
        """As it is kept for after a loss of power."""
        return TransactionRecord(
            number=self.number,
            connector_id=self.connector_id,
            id_tag=self.id_tag,
            parent_id_tag=self.parent_id_tag,
            meter_start_wh=self.meter_start_wh,
            started_at=self.started_at,
            kept=self.kept,
        )
