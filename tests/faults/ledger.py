"""What charge points sent and what they were told: the memory that the database is held against."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Row = tuple[Any, ...]
"""Something that must be in the database, in a form that can be compared."""


@dataclass(slots=True, eq=False)
class Message:
    """A request of a charge point, however often it was sent and answered."""

    identity: str
    action: str
    payload: dict[str, Any]
    sent: int = 0
    answered: int = 0

    @property
    def acknowledged(self) -> bool:
        return self.answered > 0


@dataclass(slots=True, eq=False)
class Start(Message):
    transaction_ids: set[int] = field(default_factory=set)
    """What its answers said; more than one is a fault."""

    @property
    def transaction_id(self) -> int:
        (only,) = self.transaction_ids
        return only


@dataclass
class Ledger:
    """Everything that was sent at least once."""

    starts: list[Start] = field(default_factory=list)
    readings: list[Message] = field(default_factory=list)
    stops: list[Message] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """Answers that nobody should get."""
    answers: int = 0
    broken_off: int = 0
    """Connections that a charge point dropped while it waited for an answer."""
    repeated: Counter[str] = field(default_factory=Counter)
    """Messages that were sent again although they had been acknowledged."""
    resent: Counter[str] = field(default_factory=Counter)
    """Messages that were sent again because no answer had come."""

    def sending(self, message: Message) -> None:
        """A message is about to be sent."""
        if not message.sent:
            self._shelf(message).append(message)
        elif message.acknowledged:
            self.repeated[message.action] += 1
        else:
            self.resent[message.action] += 1
        message.sent += 1

    def answered(self, message: Message, answer: dict[str, Any]) -> None:
        message.answered += 1
        self.answers += 1
        if isinstance(message, Start):
            transaction_id = answer["transactionId"]
            if message.transaction_ids and transaction_id not in message.transaction_ids:
                self.faults.append(
                    f"{message.identity}: the same start was given {transaction_id} "
                    f"and before {sorted(message.transaction_ids)}"
                )
            message.transaction_ids.add(transaction_id)

    def refused(self, message: Message, frame: list[Any]) -> None:
        self.faults.append(f"{message.identity}: {message.action} was answered {json.dumps(frame)}")

    @property
    def messages(self) -> Iterator[Message]:
        yield from self.starts
        yield from self.readings
        yield from self.stops

    @property
    def unanswered(self) -> int:
        return sum(not one.acknowledged for one in self.messages)

    def _shelf(self, message: Message) -> list[Any]:
        shelves: dict[str, list[Any]] = {
            "StartTransaction": self.starts,
            "MeterValues": self.readings,
            "StopTransaction": self.stops,
        }
        return shelves[message.action]


def canonical(sampled_values: Any) -> str:
    """Sampled values as text that does not depend on how they were written."""
    return json.dumps(sampled_values, sort_keys=True)
