"""Messages of a vendor's own (S 4.3): answered by rules, by a URL, or by somebody's program."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec
from msgspec import UNSET, Struct

from voltline.base.ids import folded
from voltline.central.domain.data_transfer import (
    Direction,
    NewRule,
    RuleAnswer,
    TransferRule,
    knows_vendor,
    rule_for,
)
from voltline.central.domain.stations import StationKey
from voltline.central.services.optional import present
from voltline.central.services.ports import UnitOfWork
from voltline.central.services.ports.data_transfer import NoAnswer, TransferHandler
from voltline.messages import DataTransfer, DataTransferResponse, DataTransferStatus


class TransferHandlers:
    """Programs that answer messages, by vendor and message; names in any case."""

    def __init__(self) -> None:
        self._handlers: dict[tuple[str, str | None], TransferHandler] = {}

    def add(self, vendor_id: str, message_id: str | None, handler: TransferHandler) -> None:
        """Let it answer these messages; None: all of the vendor that nobody else answers.

        Raises ValueError where there is one already.
        """
        key = folded(vendor_id), None if message_id is None else folded(message_id)
        if key in self._handlers:
            raise ValueError(f"there is a handler for DataTransfer of {vendor_id} {message_id or ''}".strip())
        self._handlers[key] = handler

    def find(self, request: DataTransfer) -> TransferHandler | None:
        vendor = folded(request.vendor_id)
        message = present(request.message_id)
        if message is not None and (handler := self._handlers.get((vendor, folded(message)))):
            return handler
        return self._handlers.get((vendor, None))

    def knows(self, vendor_id: str) -> bool:
        """Whether any handler is for this vendor."""
        return any(vendor == folded(vendor_id) for vendor, _ in self._handlers)


class Routed(Struct, frozen=True):
    """Who answers a message: either the answer is known, or this rule's URL has to be asked."""

    answer: DataTransferResponse | None
    rule: TransferRule | None


def route(
    unit: UnitOfWork, station: StationKey, request: DataTransfer, vendor_known: bool, at: datetime
) -> Routed:
    """Answer a message by the rules, and keep both; what a URL has to be asked for is kept later.

    `vendor_known`: other messages of this vendor have handlers, so only this one is unknown (DTR-05).
    """
    rules = unit.data_transfers.rules()
    rule = rule_for(rules, request.vendor_id, present(request.message_id))
    if rule is not None and rule.url is not None:
        return Routed(None, rule)
    if rule is not None:
        answer, told = response(rule.answer), f"rule {rule.id}"
    else:
        known = vendor_known or knows_vendor(rules, request.vendor_id)
        status = DataTransferStatus.UNKNOWN_MESSAGE_ID if known else DataTransferStatus.UNKNOWN_VENDOR_ID
        answer, told = DataTransferResponse(status=status), ""
    unit.data_transfers.add(station, request, answer, at, route=told or None)
    return Routed(answer, rule)


def keep(
    unit: UnitOfWork,
    station: StationKey,
    request: DataTransfer,
    answer: DataTransferResponse,
    route: str,
    problem: str | None,
    at: datetime,
) -> None:
    """Keep a message with the answer that somebody else gave."""
    unit.data_transfers.add(station, request, answer, at, route=route, problem=problem)


def sent(
    unit: UnitOfWork,
    station: StationKey,
    request: DataTransfer,
    answer: DataTransferResponse,
    at: datetime,
) -> None:
    """A message of ours was answered; see `services.outcomes`."""
    unit.data_transfers.add(station, request, answer, at, direction=Direction.SENT)


def add_rule(unit: UnitOfWork, rule: NewRule, at: datetime) -> TransferRule | None:
    """A new rule; None: there is one for the same messages."""
    return None if _other(unit, rule, None) else unit.data_transfers.add_rule(rule, at)


def change_rule(unit: UnitOfWork, rule_id: int, rule: NewRule, at: datetime) -> TransferRule | None:
    """Put this in its place; None: there is another one for the same messages. Raises LookupError."""
    if unit.data_transfers.rule(rule_id) is None:
        raise LookupError(f"there is no rule {rule_id}")
    return None if _other(unit, rule, rule_id) else unit.data_transfers.change_rule(rule_id, rule, at)


def remove_rule(unit: UnitOfWork, rule_id: int) -> bool:
    """False: there was none."""
    if unit.data_transfers.rule(rule_id) is None:
        return False
    unit.data_transfers.remove_rule(rule_id)
    return True


def question(identity: str, request: DataTransfer) -> bytes:
    """What a URL is sent: JSON with the names of the REST API."""
    return msgspec.json.encode(
        {
            "charge_point": identity,
            "vendor_id": request.vendor_id,
            "message_id": present(request.message_id),
            "data": present(request.data),
        }
    )


def read_answer(body: bytes) -> DataTransferResponse:
    """What a URL answers: `{"status": "Accepted", "data": "..."}`. Raises NoAnswer."""
    try:
        told = msgspec.json.decode(body, type=_Told)
        return DataTransferResponse(
            status=DataTransferStatus(told.status), data=UNSET if told.data is None else told.data
        )
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise NoAnswer(f"its answer cannot be used: {error}") from error


def response(answer: RuleAnswer) -> DataTransferResponse:
    """The answer of a rule as it goes over the wire."""
    return DataTransferResponse(
        status=DataTransferStatus(answer.status), data=UNSET if answer.data is None else answer.data
    )


class _Told(Struct):
    status: str
    data: str | None = None


def _other(unit: UnitOfWork, rule: NewRule, mine: int | None) -> bool:
    def names(one: NewRule | TransferRule) -> Iterable[str | None]:
        yield folded(one.vendor_id)
        yield None if one.message_id is None else folded(one.message_id)

    return any(
        tuple(names(one)) == tuple(names(rule)) for one in unit.data_transfers.rules() if one.id != mine
    )
