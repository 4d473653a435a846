"""DataTransfer messages in a table, and the rules by which they are answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from voltline.central.domain.data_transfer import Direction, NewRule, RuleAnswer, Transfer, TransferRule
from voltline.central.domain.stations import StationKey
from voltline.central.services.optional import present
from voltline.central.storage.schema import data_transfers
from voltline.central.storage.schema.data_transfer import data_transfer_rules
from voltline.central.storage.scope import Scope
from voltline.messages import DataTransfer, DataTransferResponse

_LARGEST = 2**63 - 1


def transfer_of(row: Any) -> Transfer:
    return Transfer(
        id=row.id,
        charge_point=row.identity,
        direction=Direction(row.direction),
        vendor_id=row.vendor_id,
        message_id=row.message_id,
        data=row.data,
        status=row.answered,
        answer_data=row.answer_data,
        route=row.route,
        problem=row.problem,
        at=row.received_at,
    )


def rule_of(row: Any) -> TransferRule:
    values = dict(row._mapping)
    values["answer"] = RuleAnswer(status=values.pop("status"), data=values.pop("data"))
    return TransferRule(**values)


class SqlDataTransfers:
    """See `services.ports.data_transfer.DataTransfers`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

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
        self._scope.connection.execute(
            insert(data_transfers).values(
                station_id=station,
                direction=direction,
                vendor_id=request.vendor_id,
                message_id=present(request.message_id),
                data=present(request.data),
                answered=answer.status,
                answer_data=present(answer.data),
                route=route,
                problem=problem,
                received_at=at,
            )
        )

    def rules(self) -> Sequence[TransferRule]:
        found = select(data_transfer_rules).order_by(data_transfer_rules.c.id)
        return [rule_of(row) for row in self._scope.connection.execute(found)]

    def rule(self, rule_id: int) -> TransferRule | None:
        if not 0 < rule_id <= _LARGEST:
            return None
        found = select(data_transfer_rules).where(data_transfer_rules.c.id == rule_id)
        row = self._scope.connection.execute(found).first()
        return None if row is None else rule_of(row)

    def add_rule(self, rule: NewRule, at: datetime) -> TransferRule:
        result = self._scope.connection.execute(
            insert(data_transfer_rules).values(created_at=at, changed_at=at, **_values(rule))
        )
        assert result.inserted_primary_key is not None
        return self._made(result.inserted_primary_key[0])

    def change_rule(self, rule_id: int, rule: NewRule, at: datetime) -> TransferRule:
        mine = data_transfer_rules.c.id == rule_id
        self._scope.connection.execute(
            update(data_transfer_rules).where(mine).values(changed_at=at, **_values(rule))
        )
        return self._made(rule_id)

    def remove_rule(self, rule_id: int) -> None:
        mine = data_transfer_rules.c.id == rule_id
        self._scope.connection.execute(delete(data_transfer_rules).where(mine))

    def _made(self, rule_id: int) -> TransferRule:
        made = self.rule(rule_id)
        assert made is not None
        return made


def _values(rule: NewRule) -> dict[str, object]:
    return {
        "vendor_id": rule.vendor_id,
        "message_id": rule.message_id,
        "url": rule.url,
        "timeout_s": rule.timeout_s,
        "status": rule.answer.status,
        "data": rule.answer.data,
        "note": rule.note,
    }
