"""DataTransfer messages and rules, read."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from voltline.base.ids import folded
from voltline.central.domain.data_transfer import Direction, Transfer, TransferRule
from voltline.central.storage.columns import storable_text
from voltline.central.storage.data_transfer import rule_of, transfer_of
from voltline.central.storage.queries.base import Reads
from voltline.central.storage.schema import data_transfers, stations
from voltline.central.storage.schema.data_transfer import data_transfer_rules

_LARGEST = 2**63 - 1


class DataTransferReads(Reads):
    """See `services.ports.data_transfer.DataTransferQueries`."""

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
        table = data_transfers.c
        wanted = select(data_transfers, stations.c.identity).join_from(data_transfers, stations)
        wanted = wanted.order_by(table.id.desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(table.id < before)
        if identity is not None:
            wanted = wanted.where(stations.c.identity_key == folded(identity))
        for column, text in ((table.vendor_id, vendor_id), (table.message_id, message_id)):
            if text is not None:
                wanted = wanted.where(func.lower(column) == storable_text(text).lower())
        if direction is not None:
            wanted = wanted.where(table.direction == direction)
        if since is not None:
            wanted = wanted.where(table.received_at >= since)
        if until is not None:
            wanted = wanted.where(table.received_at < until)
        with self._reading() as connection:
            return tuple(transfer_of(row) for row in connection.execute(wanted))

    def data_transfer_rules(
        self, *, after: int | None = None, limit: int = 100, vendor_id: str | None = None
    ) -> tuple[TransferRule, ...]:
        table = data_transfer_rules.c
        wanted = select(data_transfer_rules).order_by(table.id).limit(limit)
        if after is not None:
            wanted = wanted.where(table.id > after)
        if vendor_id is not None:
            wanted = wanted.where(func.lower(table.vendor_id) == storable_text(vendor_id).lower())
        with self._reading() as connection:
            return tuple(rule_of(row) for row in connection.execute(wanted))

    def data_transfer_rule(self, rule_id: int) -> TransferRule | None:
        if not 0 < rule_id <= _LARGEST:
            return None
        with self._reading() as connection:
            found = select(data_transfer_rules).where(data_transfer_rules.c.id == rule_id)
            row = connection.execute(found).first()
        return None if row is None else rule_of(row)
