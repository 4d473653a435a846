"""Everything the station sends, one request at a time (OCPP-J 1.6, 4.1.1; OCPP 1.6, 3.7).

Two lanes. Posted requests belong to the moment and die with the connection. Transaction messages are queued:
they survive loss of connection, reset and loss of power, leave in order, and are given up only after the
central system has failed `TransactionMessageAttempts` times to process them.
"""

from collections import deque
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any, TypeVar, get_args

import msgspec

from voltline.messages import (
    MeterValues,
    Request,
    Response,
    StartTransaction,
    StartTransactionResponse,
    StopTransaction,
    StopTransactionResponse,
    encode,
)
from voltline.station.core.bench import Bench
from voltline.station.core.happenings import Failed, Failure
from voltline.station.core.intents import Matter, Send
from voltline.station.core.timers import Timer

Conf = TypeVar("Conf", bound=Response)

NO_TRANSACTION_ID = -1
"""Used for a transaction whose start the central system never answered (errata 3.18)."""


class Leave(IntEnum):
    """What the registration allows to be sent, each including those before it (OCPP 1.6, 4.2)."""

    NOTHING = 0
    BOOT = 1
    TRIGGERED = 2
    ANYTHING = 3


Queued = StartTransaction | MeterValues | StopTransaction

KINDS: Mapping[str, type[Queued]] = {kind.__name__: kind for kind in get_args(Queued)}

QUEUE = "queue."
TRANSACTION_IDS = "transaction-ids"


class TransactionMessage(msgspec.Struct):
    """A message that must arrive. `transaction` is the station's own number of it, 0 for none."""

    transaction: int
    request: Queued
    sequence: int
    sends: int = 0

    @property
    def record_name(self) -> str:
        """Sorts as the messages do."""
        return f"{QUEUE}{self.sequence:012d}"


class _QueueRecord(msgspec.Struct, frozen=True):
    """A transaction message as it outlives a loss of power."""

    transaction: int
    sends: int
    action: str
    payload: msgspec.Raw


class _Posted(msgspec.Struct, frozen=True):
    request: Request[Any]
    answered: Callable[[Any], None]
    failed: Callable[[Failed], None]
    leave: Leave
    urgent: bool
    sequence: int


class TransactionReplies:
    """Who wants to know what became of the transaction messages; the parts of the core override this."""

    def start_answered(
        self, transaction: int, request: StartTransaction, response: StartTransactionResponse
    ) -> None:
        """The central system knows the transaction and has judged its tag."""

    def stop_answered(self, request: StopTransaction, response: StopTransactionResponse) -> None:
        """The central system has closed the transaction."""


def _no_matter(_: Any) -> None:
    """Most answers are empty and ask for nothing."""


class Outbox:
    """The two lanes, the one request under way, and the gate that the registration opens and closes."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.replies = TransactionReplies()
        self._posted: deque[_Posted] = deque()
        self._queue: deque[TransactionMessage] = deque()
        self._transaction_ids: dict[int, int] = {}
        self._under_way: _Posted | TransactionMessage | None = None
        self._number = 0
        self._sequence = 0
        self._catching_up = False
        self._recall()
        self._gate = Leave.NOTHING
        self.last_exchange = bench.now.monotonic
        """When something was last sent, in seconds of the monotonic clock."""

    def __len__(self) -> int:
        """How many transaction messages wait or are under way."""
        return len(self._queue) + isinstance(self._under_way, TransactionMessage)

    @property
    def gate(self) -> Leave:
        """What may be sent now."""
        return self._gate

    @gate.setter
    def gate(self, leave: Leave) -> None:
        if leave is Leave.ANYTHING and self._gate is not leave:
            self._catching_up = bool(self._queue)
        self._gate = leave

    def transaction_id(self, transaction: int) -> int | None:
        """The central system's number of the transaction, None while its start is unanswered."""
        return self._transaction_ids.get(transaction)

    def begun(self) -> frozenset[int]:
        """The station's own numbers of the transactions that the central system knows or will know."""
        starts = (one.transaction for one in self._queue if isinstance(one.request, StartTransaction))
        return frozenset(self._transaction_ids).union(starts)

    def ended(self) -> frozenset[int]:
        """Those of the transactions whose end waits to be delivered."""
        return frozenset(one.transaction for one in self._queue if isinstance(one.request, StopTransaction))

    def powered_up(self) -> None:
        """Begin anew: what failed before is not tried again at once, whatever has restarted meanwhile."""
        self.link_down()
        self._bench.timers.cancel(Timer.RESEND)
        if self._queue and self._queue[0].sends:
            self._bench.wait(Timer.RESEND, self._wait_s(self._queue[0]))

    def post(
        self,
        request: Request[Conf],
        answered: Callable[[Conf], None] = _no_matter,
        failed: Callable[[Failed], None] = _no_matter,
        *,
        leave: Leave = Leave.ANYTHING,
        urgent: bool = False,
    ) -> None:
        """Send this as soon as `leave` is given; an urgent one does not wait for transaction messages."""
        self._sequence += 1
        self._posted.append(_Posted(request, answered, failed, leave, urgent, self._sequence))

    def queue(self, transaction: int, request: Queued) -> None:
        """Deliver this in its turn, whatever happens to connection and power meanwhile."""
        self._sequence += 1
        message = TransactionMessage(transaction, request, self._sequence)
        self._queue.append(message)
        self._keep(message)

    def pump(self) -> None:
        """Let the next request go if none is under way."""
        if self._under_way is not None or self._gate is Leave.NOTHING:
            return
        chosen = self._choose()
        if chosen is None:
            return
        request = chosen.request
        if isinstance(chosen, TransactionMessage):
            self._queue.popleft()
            request = self._with_transaction_id(chosen)
        else:
            self._posted.remove(chosen)
        self._under_way = chosen
        self._number += 1
        self.last_exchange = self._bench.now.monotonic
        self._bench.intend(Send(self._number, request, self._bench.configuration.number("MessageTimeout")))

    def answered(self, number: int, response: Response) -> None:
        """Take an answer; one that belongs to nothing under way is too late and ignored."""
        done = self._take_under_way(number)
        if done is None:
            return
        if isinstance(done, _Posted):
            done.answered(response)
            return
        if not self._queue:
            self._catching_up = False
        request = done.request
        if isinstance(response, StartTransactionResponse) and isinstance(request, StartTransaction):
            self._know(done.transaction, response.transaction_id)
            self._forget(done)
            self.replies.start_answered(done.transaction, request, response)
        elif isinstance(response, StopTransactionResponse) and isinstance(request, StopTransaction):
            self._forget(done)
            self._know(done.transaction, None)
            self.replies.stop_answered(request, response)
        else:
            self._forget(done)

    def failed(self, failure: Failed) -> None:
        """Take a failure: a posted request is done with, a transaction message is tried again or given up."""
        done = self._take_under_way(failure.number)
        if done is None:
            return
        if isinstance(done, _Posted):
            done.failed(failure)
        elif failure.failure is Failure.LOST:
            # The connection failed, not the central system: that counts for nothing (OCPP 1.6, 3.7.1).
            self._queue.appendleft(done)
        else:
            self._try_again(done, failure)

    def link_down(self) -> None:
        """Everything of the moment is lost, the transaction messages wait."""
        self._gate = Leave.NOTHING
        if self._under_way is not None:
            self.failed(Failed(self._number, Failure.LOST))
        lost, self._posted = self._posted, deque()
        for posted in lost:
            posted.failed(Failed(0, Failure.LOST))

    def _take_under_way(self, number: int) -> _Posted | TransactionMessage | None:
        if number != self._number:
            return None
        done, self._under_way = self._under_way, None
        return done

    def _choose(self) -> _Posted | TransactionMessage | None:
        posted = next((posted for posted in self._posted if posted.leave <= self._gate), None)
        if self._gate is not Leave.ANYTHING or not self._queue or self._bench.timers.is_running(Timer.RESEND):
            return posted
        head = self._queue[0]
        # While old messages are being caught up with, those of the moment overtake them (OCPP 1.6, 3.7).
        if posted is None or not (posted.urgent or self._catching_up or posted.sequence < head.sequence):
            return head
        return posted

    def _with_transaction_id(self, message: TransactionMessage) -> Request[Any]:
        request = message.request
        if isinstance(request, StartTransaction) or not message.transaction:
            return request
        # Whatever follows a start in this lane leaves after the start was answered or given up.
        transaction_id = self._transaction_ids.get(message.transaction, NO_TRANSACTION_ID)
        return msgspec.structs.replace(request, transaction_id=transaction_id)

    def _try_again(self, message: TransactionMessage, failure: Failed) -> None:
        configuration = self._bench.configuration
        name = type(message.request).__name__
        message.sends += 1
        if message.sends < configuration.number("TransactionMessageAttempts"):
            wait_s = self._wait_s(message)
            self._queue.appendleft(message)
            self._keep(message)
            self._bench.wait(Timer.RESEND, wait_s)
            text = f"{name} failed ({failure.failure.value} {failure.text}".rstrip()
            self._bench.tell(Matter.QUEUE, f"{text}), try {message.sends + 1} follows in {wait_s} s")
            return
        if isinstance(message.request, StartTransaction):
            self._know(message.transaction, NO_TRANSACTION_ID)
        self._forget(message)
        if isinstance(message.request, StopTransaction):
            self._know(message.transaction, None)
        self._bench.tell(Matter.QUEUE, f"{name} given up after {message.sends} tries: {failure.text}")

    def _wait_s(self, message: TransactionMessage) -> int:
        return self._bench.configuration.number("TransactionMessageRetryInterval") * message.sends

    # ---- what outlives a loss of power
    #
    # Power may fail between any two records. What a message needs, its transaction's id, is kept before the
    # message it came with is forgotten, and forgotten after the last that needs it.

    def _recall(self) -> None:
        memory = self._bench.memory
        self._transaction_ids |= memory.recall(TRANSACTION_IDS, dict[int, int]) or {}
        for name, record in memory.recall_each(QUEUE, _QueueRecord):
            try:
                request = msgspec.json.decode(record.payload, type=KINDS[record.action])
                sequence = int(name.removeprefix(QUEUE))
            except (KeyError, ValueError) as problem:
                self._bench.tell(Matter.MEMORY, f"{name} is no message and is not sent: {problem}")
                continue
            self._queue.append(TransactionMessage(record.transaction, request, sequence, record.sends))
            self._sequence = sequence

    def _keep(self, message: TransactionMessage) -> None:
        memory = self._bench.memory
        if memory.lasts:
            request = message.request
            payload = msgspec.Raw(encode(request))
            record = _QueueRecord(message.transaction, message.sends, type(request).__name__, payload)
            memory.keep(message.record_name, record)

    def _forget(self, message: TransactionMessage) -> None:
        self._bench.memory.keep(message.record_name, None)

    def _know(self, transaction: int, transaction_id: int | None) -> None:
        if transaction_id is None:
            self._transaction_ids.pop(transaction, None)
        else:
            self._transaction_ids[transaction] = transaction_id
        self._bench.memory.keep(TRANSACTION_IDS, self._transaction_ids or None)
