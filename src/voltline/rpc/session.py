"""One OCPP-J 1.6 connection as a state machine: text in, events and texts out (chapter 4).

It opens no socket and reads no clock. The owner passes what arrives to `receive`, sends what
`texts_to_send` gives, and calls `handle_deadline` when `next_deadline` has come. Times are seconds on
any monotonic clock. Both peers run the same Session: the protocol is symmetrical.
"""

import msgspec

from voltline.messages.deviation import Deviation, DeviationKind
from voltline.messages.error_codes import ErrorCode
from voltline.rpc.duplicates import ALWAYS_ACTED_ON, AnsweredCalls
from voltline.rpc.events import (
    CallAnswered,
    CallFailed,
    CallRefused,
    CallTimedOut,
    DropReason,
    Event,
    FrameDropped,
)
from voltline.wire.errors import LocalProtocolError, NotConnected, QueueFull
from voltline.wire.frames import (
    CallErrorFrame,
    CallFrame,
    CallResultFrame,
    Ignored,
    Malformed,
    decode,
    encode_call,
    encode_error,
    encode_result,
)

_LATE_IDS_KEPT = 16


class Counters(msgspec.Struct, gc=False):
    """How often, since the session began, something happened that a healthy peer does not cause."""

    malformed: int = 0
    ignored: int = 0
    late: int = 0
    abandoned: int = 0
    unknown: int = 0
    duplicate: int = 0
    repeated: int = 0
    reused_id: int = 0
    """A CALL with the id of an earlier, different one (FRM-09). It was acted on."""
    overlapping: int = 0
    """A CALL sent before the one before it was answered (J 4.1.1). It was acted on."""
    timed_out: int = 0
    unsent_answers: int = 0
    """Answers that were ready only after the session was closed."""


class _Outgoing(msgspec.Struct, gc=False):
    message_id: str
    action: str
    text: str
    timeout_s: float
    abandoned: bool = False


class Session:
    """The RPC state of one connection.

    `call_timeout_s` counts from the moment a CALL is sent, not from `call`. At most `queue_limit` CALLs
    wait behind the outstanding one. The last `remembered_answers` results are given again to a peer that
    repeats a CALL; 0 switches that off.
    """

    __slots__ = (
        "_answered",
        "_call_timeout_s",
        "_closed_because",
        "_deadline",
        "_in_flight",
        "_late",
        "_outstanding",
        "_queue",
        "_queue_limit",
        "_remembered_answers",
        "counters",
        "unsent",
    )

    def __init__(
        self, *, call_timeout_s: float = 30.0, queue_limit: int = 100, remembered_answers: int = 8
    ) -> None:
        if call_timeout_s <= 0 or queue_limit < 0 or remembered_answers < 0:
            raise ValueError(
                f"call_timeout_s must be above 0 (is {call_timeout_s}), queue_limit and remembered_answers "
                f"at least 0 (are {queue_limit} and {remembered_answers})"
            )
        self._call_timeout_s = call_timeout_s
        self._queue_limit = queue_limit
        self._remembered_answers = remembered_answers
        self._closed_because: str | None = None
        self._outstanding: _Outgoing | None = None
        self._deadline: float | None = None
        # The collections are made when first needed: thousands of sessions are idle.
        self._queue: dict[str, _Outgoing] | None = None
        self._late: dict[str, None] | None = None
        self._in_flight: dict[str, tuple[str, str | bytes | None]] | None = None
        self._answered: AnsweredCalls | None = None
        self.unsent: list[str] | None = None
        """What `texts_to_send` will give; None when there is nothing."""
        self.counters = Counters()

    # Our own CALLs

    @property
    def closed(self) -> bool:
        return self._closed_because is not None

    @property
    def outstanding(self) -> str | None:
        """The id of our CALL that waits for its answer; None when the line is free."""
        return None if self._outstanding is None else self._outstanding.message_id

    @property
    def queued(self) -> int:
        """How many CALLs of ours wait to be sent."""
        return 0 if self._queue is None else len(self._queue)

    @property
    def in_flight(self) -> int:
        """How many CALLs of the peer still lack our answer."""
        return 0 if self._in_flight is None else len(self._in_flight)

    def call(
        self, message_id: str, action: str, payload: bytes, *, now: float, timeout_s: float | None = None
    ) -> None:
        """Send a CALL now, or after the ones before it: one is outstanding at a time (J 4.1.1).

        `message_id` must be new on this connection (J 4.1.4), `payload` a JSON object in UTF-8. What
        becomes of it is told by exactly one event: CallAnswered, CallRefused, CallTimedOut or CallFailed,
        unless it is abandoned. Raises NotConnected after `close`, QueueFull, LocalProtocolError.
        """
        if self._closed_because is not None:
            raise NotConnected(f"{action} was not sent: {self._closed_because}", action=action)
        if timeout_s is None:
            timeout_s = self._call_timeout_s
        elif timeout_s <= 0:
            raise LocalProtocolError(f"the timeout of {action} must be above 0 seconds, not {timeout_s}")
        outstanding, queue = self._outstanding, self._queue
        if (
            (outstanding is not None and outstanding.message_id == message_id)
            or (queue is not None and message_id in queue)
            or (self._late is not None and message_id in self._late)
        ):
            raise LocalProtocolError(f"message id {message_id!r} was used before on this connection")
        outgoing = _Outgoing(message_id, action, encode_call(message_id, action, payload), timeout_s)
        if outstanding is None:
            self._send_call(outgoing, now)
            return
        if queue is None:
            queue = self._queue = {}
        if len(queue) >= self._queue_limit:
            raise QueueFull(
                f"{action} was not queued: {len(queue)} calls wait already behind {outstanding.action}"
            )
        queue[message_id] = outgoing

    def abandon(self, message_id: str) -> None:
        """The caller no longer waits: no event will tell what became of the CALL.

        A queued CALL is never sent. One already sent keeps the line until it is answered or timed out.
        Does nothing for a CALL that has ended.
        """
        if self._outstanding is not None and self._outstanding.message_id == message_id:
            self._outstanding.abandoned = True
        elif self._queue is not None:
            self._queue.pop(message_id, None)

    def next_deadline(self) -> float | None:
        """When `handle_deadline` is due; None while no CALL of ours is outstanding."""
        return self._deadline

    def handle_deadline(self, now: float) -> list[Event]:
        """Time out the outstanding CALL if its time has come, and send the next one."""
        outgoing = self._outstanding
        if outgoing is None or self._deadline is None or now < self._deadline:
            return []
        if self._late is None:
            self._late = {}
        elif len(self._late) >= _LATE_IDS_KEPT:
            del self._late[next(iter(self._late))]
        self._late[outgoing.message_id] = None
        self._send_next(now)
        if outgoing.abandoned:
            return []
        self.counters.timed_out += 1
        return [CallTimedOut(outgoing.message_id, outgoing.action, outgoing.timeout_s)]

    # What arrives

    def receive(self, text: str | bytes, now: float) -> Event | None:
        """Take one text frame from the peer. Never raises, whatever the frame is.

        A CALL counts as timed out once `handle_deadline` has said so: an answer that is received before
        that is in time.
        """
        if self._closed_because is not None:
            return FrameDropped(DropReason.CLOSED, None, f"came after the end: {self._closed_because}")
        frame = decode(text)
        if type(frame) is CallFrame:
            message_id = frame.message_id
            in_flight = self._in_flight
            if in_flight is None:
                in_flight = self._in_flight = {}
            elif in_flight:
                if message_id in in_flight:
                    return self._refuse_duplicate(frame)
                self.counters.overlapping += 1
            answered = self._answered
            if answered is not None and message_id in answered:
                payload = answered.payload_for(message_id, text)
                if payload is not None:
                    return self._answer_again(message_id, payload)
                frame = self._with_reused_id(frame)
            in_flight[message_id] = (message_id, None if frame.action in ALWAYS_ACTED_ON else text)
            return frame
        if type(frame) is CallResultFrame or type(frame) is CallErrorFrame:
            return self._receive_answer(frame, now)
        if type(frame) is Malformed:
            return self._receive_malformed(frame)
        assert type(frame) is Ignored
        self.counters.ignored += 1
        return FrameDropped(DropReason.IGNORED, None, frame.reason)

    def answer(self, message_id: str, payload: bytes) -> None:
        """Answer a CALL of the peer with a result. `payload` is a JSON object in UTF-8.

        After `close` the answer has nowhere to go: it is counted, not sent. Raises LocalProtocolError when
        there is no such CALL, or it was answered before.
        """
        if self._closed_because is not None:
            self.counters.unsent_answers += 1
            return
        in_flight = self._in_flight
        owed = None if in_flight is None else in_flight.get(message_id)
        if in_flight is None or owed is None:
            raise _not_owed(message_id)
        original_id, text = owed
        self._send(encode_result(original_id, payload))
        del in_flight[message_id]
        if text is not None and self._remembered_answers:
            if self._answered is None:
                self._answered = AnsweredCalls(self._remembered_answers)
            self._answered.remember(original_id, text, payload)

    def refuse(
        self, message_id: str, code: ErrorCode | str, description: str, details: bytes = b"{}"
    ) -> None:
        """Answer a CALL of the peer with a CALLERROR. As `answer`, but a repetition will be acted on."""
        if self._closed_because is not None:
            self.counters.unsent_answers += 1
            return
        in_flight = self._in_flight
        owed = None if in_flight is None else in_flight.get(message_id)
        if in_flight is None or owed is None:
            raise _not_owed(message_id)
        self._send(encode_error(owed[0], code, description, details))
        del in_flight[message_id]

    def texts_to_send(self) -> list[str]:
        """The frames to put on the wire now, in order. They are handed over once."""
        texts = self.unsent
        if texts is None:
            return []
        self.unsent = None
        return texts

    def close(self, reason: str) -> list[Event]:
        """The link is gone: the outstanding and the queued CALLs fail, with `reason` in their events.

        Frames not yet taken from `texts_to_send` are given up. Closing again does nothing.
        """
        if self._closed_because is not None:
            return []
        self._closed_because = reason
        events: list[Event] = []
        outgoing = self._outstanding
        if outgoing is not None and not outgoing.abandoned:
            text = f"{outgoing.action} was sent but not answered: {reason}"
            events.append(CallFailed(outgoing.message_id, outgoing.action, text))
        for waiting in (self._queue or {}).values():
            text = f"{waiting.action} was not sent: {reason}"
            events.append(CallFailed(waiting.message_id, waiting.action, text))
        self._outstanding = self._deadline = self._queue = self._late = None
        self._in_flight = self._answered = self.unsent = None
        return events

    # Inside

    def _send(self, text: str) -> None:
        if self.unsent is None:
            self.unsent = [text]
        else:
            self.unsent.append(text)

    def _send_call(self, outgoing: _Outgoing, now: float) -> None:
        self._outstanding = outgoing
        self._deadline = now + outgoing.timeout_s
        self._send(outgoing.text)

    def _send_next(self, now: float) -> None:
        """The line is free: send what waits longest."""
        queue = self._queue
        if not queue:
            self._outstanding = self._deadline = self._queue = None
            return
        self._send_call(queue.pop(next(iter(queue))), now)

    def _receive_answer(self, frame: CallResultFrame | CallErrorFrame, now: float) -> Event:
        outgoing = self._outstanding
        message_id = frame.message_id
        if outgoing is None or outgoing.message_id != message_id:
            return self._drop_stray_answer(message_id)
        self._send_next(now)
        if outgoing.abandoned:
            self.counters.abandoned += 1
            text = f"answers {outgoing.action}, for which nobody waits any more"
            return FrameDropped(DropReason.ABANDONED_ANSWER, message_id, text)
        # The id as we wrote it: the peer may have made a number of it.
        message_id, action = outgoing.message_id, outgoing.action
        if type(frame) is CallResultFrame:
            return CallAnswered(message_id, action, frame.payload, frame.deviations)
        assert type(frame) is CallErrorFrame
        return CallRefused(message_id, action, frame.code, frame.description, frame.details, frame.deviations)

    def _drop_stray_answer(self, message_id: str) -> FrameDropped:
        if self._late is not None and message_id in self._late:
            del self._late[message_id]
            self.counters.late += 1
            return FrameDropped(DropReason.LATE_ANSWER, message_id, "answers a CALL that had timed out")
        self.counters.unknown += 1
        return FrameDropped(DropReason.UNKNOWN_ANSWER, message_id, "answers no CALL that waits for an answer")

    def _receive_malformed(self, frame: Malformed) -> FrameDropped:
        self.counters.malformed += 1
        if frame.message_id is not None:
            self._send(encode_error(frame.message_id, frame.code, frame.text))
        return FrameDropped(DropReason.MALFORMED, frame.message_id, frame.text)

    def _refuse_duplicate(self, frame: CallFrame) -> FrameDropped:
        self.counters.duplicate += 1
        text = "a CALL with this message id is still being handled; each CALL needs its own id"
        self._send(encode_error(frame.message_id, ErrorCode.GENERIC_ERROR, text))
        return FrameDropped(DropReason.DUPLICATE_CALL, frame.message_id, text)

    def _answer_again(self, message_id: str, payload: bytes) -> FrameDropped:
        self.counters.repeated += 1
        self._send(encode_result(message_id, payload))
        text = "the same CALL was answered before; the same answer was given again"
        return FrameDropped(DropReason.REPEATED_CALL, message_id, text)

    def _with_reused_id(self, frame: CallFrame) -> CallFrame:
        self.counters.reused_id += 1
        reused = Deviation(
            path="$[1]",
            kind=DeviationKind.RULE,
            text="an earlier, different CALL on this connection had the same message id (J 4.1.4)",
            code=ErrorCode.GENERIC_ERROR,
            usable=True,
        )
        return msgspec.structs.replace(frame, deviations=(*frame.deviations, reused))


def _not_owed(message_id: str) -> LocalProtocolError:
    return LocalProtocolError(f"no CALL with message id {message_id!r} waits for an answer")
