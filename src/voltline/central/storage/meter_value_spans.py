"""Where in `meter_values` a transaction's rows are, in SQLite: docs/decisions/0003-meter-value-rows.md.

An index on the transaction alone has a page for each charge point, and a batch would write them all anew.
So the index is by steps of 4,096 rows, and by transaction within a step: whatever comes at the same time
lies on the same few pages. In which spans of 65,536 rows a transaction has any is kept in
`meter_value_spans`. To read a transaction is to look up the 16 steps of each of its spans.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from sqlalchemy import ColumnElement, Connection, bindparam, column, text

from voltline.central.storage.bulk import BulkInsert
from voltline.central.storage.schema import meter_value_spans, meter_values
from voltline.central.storage.schema.first_floor import METER_VALUE_STEP

_STEPS_OF_A_SPAN = 16
SPAN = METER_VALUE_STEP * _STEPS_OF_A_SPAN

_SPANS_OF = "SELECT span FROM meter_value_spans WHERE transaction_id = :of_transaction"
_STEPS = ", ".join(f"({step})" for step in range(_STEPS_OF_A_SPAN))


@cache
def of_transaction(dialect: str, *, newest_spans: bool = False) -> ColumnElement[bool]:
    """The condition that a row of `meter_values` is of the transaction `:of_transaction`.

    With `newest_spans` rows may be missing that are older than its last `:spans` spans.
    """
    if dialect != "sqlite":
        return meter_values.c.transaction_id == bindparam("of_transaction")
    spans = f"{_SPANS_OF} ORDER BY span DESC LIMIT :spans" if newest_spans else _SPANS_OF
    # CROSS JOIN keeps SQLite to this order.
    ids = text(
        f"WITH steps (step) AS (VALUES {_STEPS}), spans (span) AS ({spans}) "  # noqa: S608 - constants
        "SELECT v.id FROM spans CROSS JOIN steps CROSS JOIN meter_values v "
        f"WHERE v.id / {METER_VALUE_STEP} = spans.span * {_STEPS_OF_A_SPAN} + steps.step "
        "AND v.transaction_id = :of_transaction"
    )
    return meter_values.c.id.in_(ids.columns(column("id")))


class Spans:
    """Notes where rows went, as they are inserted. Used by one writer."""

    def __init__(self) -> None:
        self._insert = BulkInsert(meter_value_spans, ("transaction_id", "span"), or_ignore=True)
        self._span = -1
        self._noted: set[int] = set()

    def note(self, connection: Connection, first_id: int, last_id: int, transactions: Iterable[int]) -> None:
        """Rows of these transactions were inserted with ids in this range."""
        of = set(transactions)
        for span in range(first_id // SPAN, last_id // SPAN + 1):
            if span != self._span:
                self._span, self._noted = span, set()
            if new := of - self._noted:
                self._insert.run(connection, [(transaction_id, span) for transaction_id in new])
                self._noted |= new

    def forget(self) -> None:
        """What was noted may have been rolled back."""
        self._noted = set()
