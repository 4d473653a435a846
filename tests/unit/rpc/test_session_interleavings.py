"""Two sessions and a link that loses, delays, repeats and reorders: what holds whatever happens."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from voltline.messages.error_codes import ErrorCode
from voltline.rpc import (
    CallAnswered,
    CallFailed,
    CallReceived,
    CallRefused,
    CallTimedOut,
    DropReason,
    Event,
    FrameDropped,
    Session,
)
from voltline.wire.errors import QueueFull

CORPUS = [
    json.loads(line)["text"]
    for line in (Path(__file__).parents[2] / "corpus" / "frames.jsonl").read_text("utf-8").splitlines()
]
CALL_TIMEOUT_S = 10.0
QUEUE_LIMIT = 3


@dataclass
class Peer:
    """One side, with what its owner knows and what an onlooker has seen of it."""

    name: str
    session: Session = field(
        default_factory=lambda: Session(
            call_timeout_s=CALL_TIMEOUT_S, queue_limit=QUEUE_LIMIT, remembered_answers=10_000
        )
    )
    calls: list[str] = field(default_factory=list)
    abandoned: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    open_on_the_wire: set[str] = field(default_factory=set)
    owed: list[str] = field(default_factory=list)
    acted_on_for_good: set[str] = field(default_factory=set)
    in_transit: list[str] = field(default_factory=list)


sides = st.sampled_from([0, 1])
choices = st.integers(0, 10**6)


class UnreliableLink(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.peers = (Peer("station"), Peer("central"))
        self.now = 0.0

    # What the owners of the sessions do

    @rule(side=sides, action=st.sampled_from(["StartTransaction", "MeterValues", "Reset"]))
    def call(self, side: int, action: str) -> None:
        peer = self.peers[side]
        message_id = f"{peer.name} {len(peer.calls)}"
        payload = json.dumps({"for": message_id}).encode()
        full = peer.session.queued == QUEUE_LIMIT
        try:
            peer.session.call(message_id, action, payload, now=self.now)
        except QueueFull:
            assert full
            return
        assert not full or peer.session.outstanding == message_id
        peer.calls.append(message_id)
        self.carry(peer)

    @rule(side=sides, choice=choices)
    def abandon(self, side: int, choice: int) -> None:
        peer = self.peers[side]
        if peer.calls:
            message_id = peer.calls[choice % len(peer.calls)]
            peer.session.abandon(message_id)
            peer.abandoned.add(message_id)
            self.carry(peer)

    @precondition(lambda self: any(peer.owed for peer in self.peers))
    @rule(side=sides, choice=choices, refuse=st.booleans())
    def answer(self, side: int, choice: int, refuse: bool) -> None:
        peer = self.peers[side] if self.peers[side].owed else self.peers[1 - side]
        message_id = peer.owed.pop(choice % len(peer.owed))
        payload = json.dumps({"for": message_id}).encode()
        if refuse:
            peer.session.refuse(message_id, ErrorCode.INTERNAL_ERROR, "not now", payload)
        else:
            peer.session.answer(message_id, payload)
            peer.acted_on_for_good.add(message_id)
        assert self.carry(peer) == [message_id]

    @rule(seconds=st.floats(0.1, 15))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(side=sides)
    def deadline(self, side: int) -> None:
        peer = self.peers[side]
        due = peer.session.next_deadline()
        events = peer.session.handle_deadline(self.now)
        if due is not None and due <= self.now:
            peer.open_on_the_wire.clear()
        else:
            assert events == []
        for event in events:
            assert isinstance(event, CallTimedOut)
            self.end(peer, event.message_id)
        self.carry(peer)

    # What the link does

    @precondition(lambda self: any(peer.in_transit for peer in self.peers))
    @rule(side=sides, choice=choices, fate=st.sampled_from(["deliver", "deliver", "repeat", "lose"]))
    def transport(self, side: int, choice: int, fate: str) -> None:
        side = side if self.peers[side].in_transit else 1 - side
        in_transit = self.peers[side].in_transit
        # Mostly in order, as a WebSocket would.
        index = 0 if choice % 2 else choice % len(in_transit)
        text = in_transit[index] if fate == "repeat" else in_transit.pop(index)
        if fate != "lose":
            self.receive(self.peers[1 - side], text)

    @rule(side=sides, text=st.sampled_from(CORPUS) | st.text(max_size=20))
    def noise(self, side: int, text: str) -> None:
        self.receive(self.peers[side], text)

    # What must hold

    def receive(self, peer: Peer, text: str) -> None:
        event = peer.session.receive(text, self.now)
        assert event is not None
        self.check_event(peer, event)
        answered = self.carry(peer)
        # Whatever asks for something is owed one answer: now, or by the handler.
        if isinstance(event, FrameDropped) and event.reason_kind in (
            DropReason.DUPLICATE_CALL,
            DropReason.REPEATED_CALL,
            DropReason.MALFORMED,
        ):
            assert answered == ([] if event.message_id is None else [event.message_id])
        else:
            assert answered == []

    def check_event(self, peer: Peer, event: Event) -> None:
        if isinstance(event, CallReceived):
            assert event.message_id not in peer.owed
            assert event.message_id not in peer.acted_on_for_good or event.deviations or is_noise(event)
            peer.owed.append(event.message_id)
        elif isinstance(event, CallAnswered):
            assert json.loads(bytes(event.payload)) == {"for": event.message_id}
            self.end(peer, event.message_id)
        elif isinstance(event, CallRefused):
            if event.code == ErrorCode.INTERNAL_ERROR:
                assert json.loads(bytes(event.details)) == {"for": event.message_id}
            self.end(peer, event.message_id)
        else:
            assert isinstance(event, FrameDropped)
            if event.reason_kind is DropReason.ABANDONED_ANSWER:
                peer.open_on_the_wire.discard(event.message_id or "")

    def end(self, peer: Peer, message_id: str) -> None:
        assert message_id in peer.calls
        assert message_id not in peer.ended
        assert message_id not in peer.abandoned
        peer.ended.add(message_id)
        peer.open_on_the_wire.discard(message_id)

    def carry(self, peer: Peer) -> list[str]:
        """Put on the wire what the peer has to send; the ids of the answers among it."""
        answered = []
        for text in peer.session.texts_to_send():
            kind, message_id, *_ = json.loads(text, parse_int=str, parse_float=str)
            if kind == "2":
                assert message_id not in peer.abandoned
                peer.open_on_the_wire.add(message_id)
            else:
                answered.append(message_id)
            peer.in_transit.append(text)
        return answered

    @invariant()
    def one_call_is_open_on_each_side_at_most(self) -> None:
        for peer in self.peers:
            assert len(peer.open_on_the_wire) <= 1

    @invariant()
    def a_deadline_is_set_exactly_while_a_call_is_open(self) -> None:
        for peer in self.peers:
            assert (peer.session.next_deadline() is None) == (not peer.open_on_the_wire)

    @invariant()
    def what_is_owed_is_known(self) -> None:
        for peer in self.peers:
            assert peer.session.in_flight == len(peer.owed)

    def teardown(self) -> None:
        for peer in self.peers:
            for event in peer.session.close("the test is over"):
                assert isinstance(event, CallFailed)
                self.end(peer, event.message_id)
            assert peer.ended | peer.abandoned == set(peer.calls)
            for message_id in peer.owed:
                peer.session.answer(message_id, b"{}")
            assert peer.session.counters.unsent_answers == len(peer.owed)


def is_noise(event: CallReceived) -> bool:
    """A frame of the corpus may be an action that is always acted on, or share its id with another frame."""
    return b'"for"' not in bytes(event.payload)


TestUnreliableLink = pytest.mark.requirement("FRM-11", "FRM-14", "FRM-16")(UnreliableLink.TestCase)
TestUnreliableLink.settings = settings(stateful_step_count=60)
