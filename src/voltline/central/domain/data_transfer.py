"""Messages of a vendor's own (S 4.3): who answers them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from voltline.base.ids import folded


class Direction(StrEnum):
    """Which way a message went."""

    RECEIVED = "received"
    SENT = "sent"


class Transfer(Struct, frozen=True, kw_only=True):
    """A DataTransfer and its answer, as the history has them."""

    id: int
    charge_point: str
    direction: Direction
    vendor_id: str
    message_id: str | None
    data: str | None
    status: str
    answer_data: str | None
    route: str | None
    """What answered: `handler`, `rule 7`, `url of rule 7`; None: nothing did."""
    problem: str | None
    """Why the route could not be asked, where it could not."""
    at: datetime


class RuleAnswer(Struct, frozen=True, kw_only=True):
    """What is answered."""

    status: str
    data: str | None = None


class TransferRule(Struct, frozen=True, kw_only=True):
    """How messages of a vendor are answered."""

    id: int
    vendor_id: str
    message_id: str | None
    """None: all messages of this vendor that no other rule names."""
    url: str | None
    """Asked for the answer; None: the answer is the one below."""
    timeout_s: float
    answer: RuleAnswer
    """Without a URL the answer, with one what is answered while that does not say anything usable."""
    note: str | None
    created_at: datetime
    changed_at: datetime


class NewRule(Struct, frozen=True, kw_only=True):
    """A rule as its operator wants it."""

    vendor_id: str
    message_id: str | None
    url: str | None
    timeout_s: float
    answer: RuleAnswer
    note: str | None


def rule_for(rules: Sequence[TransferRule], vendor_id: str, message_id: str | None) -> TransferRule | None:
    """The rule that a message falls under: one that names it goes before one for all of the vendor.

    Names are CiStrings: their case does not count.
    """
    of_vendor = [rule for rule in rules if folded(rule.vendor_id) == folded(vendor_id)]
    if message_id is not None:
        for rule in of_vendor:
            if rule.message_id is not None and folded(rule.message_id) == folded(message_id):
                return rule
    return next((rule for rule in of_vendor if rule.message_id is None), None)


def knows_vendor(rules: Sequence[TransferRule], vendor_id: str) -> bool:
    """Whether any rule is about this vendor."""
    return any(folded(rule.vendor_id) == folded(vendor_id) for rule in rules)
