"""OCPP-J 1.6, 4.1 and 4.2: the calls that the peer makes, and what it is owed for them."""

import json

import pytest
from tests.unit.rpc.two_sessions import Link

from voltline.messages.error_codes import ErrorCode
from voltline.rpc import CallAnswered, CallReceived, CallRefused, DropReason, FrameDropped, Session
from voltline.wire.errors import LocalProtocolError

START = '[2,"s1","StartTransaction",{"connectorId":1}]'


def dropped(reason_kind: DropReason, event: object) -> bool:
    return isinstance(event, FrameDropped) and event.reason_kind is reason_kind


@pytest.mark.requirement("FRM-16")
def test_calls_that_cross_are_both_answered() -> None:
    link = Link()
    link.station.call("a", "Heartbeat", b"{}", now=link.now)
    link.central.call("a", "Reset", b"{}", now=link.now)  # the same id: each side counts for itself
    (at_central,), (at_station,) = link.to_central(), link.to_station()
    assert isinstance(at_central, CallReceived)
    assert isinstance(at_station, CallReceived)
    link.central.answer("a", b'{"currentTime":"2024-01-01T00:00:00Z"}')
    link.station.answer("a", b'{"status":"Accepted"}')
    (to_station,), (to_central,) = link.to_station(), link.to_central()
    assert isinstance(to_station, CallAnswered)
    assert isinstance(to_central, CallAnswered)
    assert (to_station.action, bytes(to_station.payload)) == (
        "Heartbeat",
        b'{"currentTime":"2024-01-01T00:00:00Z"}',
    )
    assert (to_central.action, bytes(to_central.payload)) == ("Reset", b'{"status":"Accepted"}')


@pytest.mark.requirement("FRM-16")
def test_handler_can_call_the_peer_before_it_answers() -> None:
    link = Link()
    link.station.call("a", "StartTransaction", b"{}", now=link.now)
    link.to_central()
    link.central.call("b", "SetChargingProfile", b"{}", now=link.now)
    assert [event.message_id for event in link.to_station()] == ["b"]
    link.station.answer("b", b"{}")
    (answered,) = link.to_central()
    assert isinstance(answered, CallAnswered)
    link.central.answer("a", b"{}")
    assert isinstance(link.to_station()[0], CallAnswered)


def test_calls_of_an_impatient_peer_are_all_taken_and_may_be_answered_in_any_order() -> None:
    session = Session()
    for message_id in ("a", "b", "c"):
        assert isinstance(session.receive(f'[2,"{message_id}","Heartbeat",{{}}]', 0), CallReceived)
    assert (session.in_flight, session.counters.overlapping) == (3, 2)
    session.answer("c", b"{}")
    session.refuse("a", ErrorCode.INTERNAL_ERROR, "broken")
    session.answer("b", b"{}")
    assert [json.loads(text)[1] for text in session.texts_to_send()] == ["c", "a", "b"]
    assert session.in_flight == 0


@pytest.mark.requirement("FRM-32")
@pytest.mark.parametrize("second", [START, '[2,"s1","Heartbeat",{}]'], ids=["the same", "another"])
def test_call_with_an_id_in_flight_is_refused_and_the_first_is_answered_once(second: str) -> None:
    session = Session()
    session.receive(START, 0)
    assert dropped(DropReason.DUPLICATE_CALL, session.receive(second, 1))
    session.answer("s1", b'{"transactionId":1}')
    refusal, answer = session.texts_to_send()
    assert json.loads(refusal)[:3] == [4, "s1", "GenericError"]
    assert answer == '[3,"s1",{"transactionId":1}]'
    assert session.counters.duplicate == 1


def test_repeated_call_is_answered_again_from_memory_and_not_acted_on() -> None:
    session = Session()
    session.receive(START, 0)
    session.answer("s1", b'{"transactionId":1}')
    session.texts_to_send()
    for _ in range(2):
        assert dropped(DropReason.REPEATED_CALL, session.receive(START, 60))
        assert session.texts_to_send() == ['[3,"s1",{"transactionId":1}]']
    assert (session.counters.repeated, session.in_flight) == (2, 0)


def test_repeated_call_whose_answer_was_empty_is_answered_again() -> None:
    session = Session()
    text = '[2,"m1","MeterValues",{"connectorId":1}]'
    session.receive(text, 0)
    session.answer("m1", b"{}")
    session.texts_to_send()
    assert dropped(DropReason.REPEATED_CALL, session.receive(text, 60))
    assert session.texts_to_send() == ['[3,"m1",{}]']


def test_repeated_call_that_was_refused_is_acted_on_again() -> None:
    # A station retries a transaction message that could not be processed (errata 3.2).
    session = Session()
    session.receive(START, 0)
    session.refuse("s1", ErrorCode.INTERNAL_ERROR, "the disk is full")
    assert isinstance(session.receive(START, 60), CallReceived)
    session.answer("s1", b'{"transactionId":1}')
    assert dropped(DropReason.REPEATED_CALL, session.receive(START, 120))


@pytest.mark.parametrize("action", ["Heartbeat", "BootNotification", "Authorize"])
def test_repeated_call_for_the_present_state_is_acted_on_again(action: str) -> None:
    session = Session()
    for _ in range(2):
        event = session.receive(f'[2,"a","{action}",{{}}]', 0)
        assert isinstance(event, CallReceived)
        assert event.deviations == ()
        session.answer("a", b"{}")
    assert session.counters.repeated == 0


@pytest.mark.requirement("FRM-09")
def test_other_call_with_a_used_id_is_acted_on_and_recorded() -> None:
    session = Session()
    session.receive(START, 0)
    session.answer("s1", b'{"transactionId":1}')
    other = START.replace('"connectorId":1', '"connectorId":2')
    event = session.receive(other, 60)
    assert isinstance(event, CallReceived)
    assert [(one.path, one.usable) for one in event.deviations] == [("$[1]", True)]
    assert session.counters.reused_id == 1
    session.answer("s1", b'{"transactionId":2}')
    session.texts_to_send()
    # From now on the id stands for the second call.
    assert dropped(DropReason.REPEATED_CALL, session.receive(other, 120))
    assert session.texts_to_send() == ['[3,"s1",{"transactionId":2}]']


def test_memory_of_answers_is_bounded_and_forgets_the_oldest() -> None:
    session = Session(remembered_answers=3)
    texts = [f'[2,"{number}","MeterValues",{{"connectorId":{number}}}]' for number in range(5)]
    for number, text in enumerate(texts):
        session.receive(text, 0)
        session.answer(str(number), b"{}")
    kinds = [type(session.receive(text, 0)) for text in texts]
    assert kinds == [CallReceived, CallReceived, FrameDropped, FrameDropped, FrameDropped]


def test_memory_of_answers_can_be_switched_off() -> None:
    session = Session(remembered_answers=0)
    for _ in range(2):
        assert isinstance(session.receive(START, 0), CallReceived)
        session.answer("s1", b"{}")


@pytest.mark.requirement("FRM-11")
def test_number_for_an_id_is_echoed_as_a_number() -> None:
    session = Session()
    text = '[2,17,"StartTransaction",{}]'
    event = session.receive(text, 0)
    assert isinstance(event, CallReceived)
    assert event.message_id == "17"
    assert session.receive('[2,"17","Heartbeat",{}]', 0) is not None  # the same id, in flight
    session.answer("17", b"{}")  # by its text: whoever kept it may have lost what it was
    assert session.texts_to_send()[1] == "[3,17,{}]"
    session.receive(text, 1)
    assert session.texts_to_send() == ["[3,17,{}]"]


def test_answer_to_a_call_that_nobody_made_is_our_own_fault() -> None:
    session = Session()
    with pytest.raises(LocalProtocolError, match="'a' waits for an answer"):
        session.answer("a", b"{}")
    session.receive('[2,"a","Heartbeat",{}]', 0)
    session.answer("a", b"{}")
    with pytest.raises(LocalProtocolError, match="'a' waits for an answer"):
        session.answer("a", b"{}")
    with pytest.raises(LocalProtocolError, match="'a' waits for an answer"):
        session.refuse("a", ErrorCode.GENERIC_ERROR, "")
    assert len(session.texts_to_send()) == 1


def test_answer_that_cannot_be_written_leaves_the_call_to_be_answered() -> None:
    session = Session()
    session.receive('[2,"a","Heartbeat",{}]', 0)
    with pytest.raises(LocalProtocolError, match="JSON object"):
        session.answer("a", b"null")
    session.refuse("a", ErrorCode.INTERNAL_ERROR, "no answer")
    assert len(session.texts_to_send()) == 1


@pytest.mark.requirement("FRM-20", "FRM-27")
@pytest.mark.parametrize("text", ['[2,"a","Heartbeat",{"x":}]', '[2,"a","Heartbeat",5]', '[2,"a"]'])
def test_malformed_call_with_a_readable_id_gets_its_error(text: str) -> None:
    link = Link()
    link.station.call("a", "Heartbeat", b"{}", now=link.now)
    link.station.texts_to_send()
    assert dropped(DropReason.MALFORMED, link.central.receive(text, 0))
    (refused,) = link.to_station()
    assert isinstance(refused, CallRefused)
    assert refused.code == "FormationViolation"
    assert refused.description
    assert (link.central.counters.malformed, link.central.in_flight) == (1, 0)


@pytest.mark.requirement("FRM-08", "FRM-32")
def test_call_with_an_endless_id_is_refused() -> None:
    session = Session()
    session.receive('[2,"' + "x" * 256 + '","Heartbeat",{}]', 0)
    (text,) = session.texts_to_send()
    assert json.loads(text)[:3] == [4, "x" * 256, "PropertyConstraintViolation"]


@pytest.mark.requirement("FRM-20")
@pytest.mark.parametrize("text", ["hello", '{"a":1}', "[2,null]", '[2,"a', "[]"])
def test_malformed_frame_without_an_id_is_dropped_in_silence(text: str) -> None:
    session = Session()
    assert dropped(DropReason.MALFORMED, session.receive(text, 0))
    assert session.texts_to_send() == []


@pytest.mark.requirement("FRM-04")
@pytest.mark.parametrize("text", ["", " ", '[9,"a","Heartbeat",{}]', b"[6]"])
def test_empty_frames_and_unknown_message_types_are_ignored(text: str | bytes) -> None:
    session = Session()
    assert dropped(DropReason.IGNORED, session.receive(text, 0))
    assert session.texts_to_send() == []
    assert session.counters.ignored == 1


def test_answer_after_close_goes_nowhere_and_is_counted() -> None:
    session = Session()
    session.receive('[2,"a","Heartbeat",{}]', 0)
    session.receive('[2,"b","Heartbeat",{}]', 0)
    session.close("gone")
    session.answer("a", b"{}")
    session.refuse("b", ErrorCode.INTERNAL_ERROR, "")
    assert session.counters.unsent_answers == 2
    assert session.texts_to_send() == []


def test_frame_after_close_is_dropped() -> None:
    session = Session()
    session.close("gone")
    assert dropped(DropReason.CLOSED, session.receive('[2,"a","Heartbeat",{}]', 0))


def test_texts_are_handed_over_once_and_in_order() -> None:
    session = Session()
    session.call("x", "Reset", b"{}", now=0)
    session.receive('[2,"a","Heartbeat",{}]', 0)
    session.answer("a", b"{}")
    assert session.texts_to_send() == ['[2,"x","Reset",{}]', '[3,"a",{}]']
    assert session.texts_to_send() == []
