"""OCPP-J 1.6, 4.1.1: the calls that a side makes itself."""

import pytest
from tests.unit.rpc.two_sessions import Link

from voltline.rpc import (
    CallAnswered,
    CallFailed,
    CallReceived,
    CallRefused,
    CallTimedOut,
    DropReason,
    FrameDropped,
    Session,
)
from voltline.wire.errors import LocalProtocolError, NotConnected, QueueFull


def dropped(reason_kind: DropReason, event: object) -> bool:
    return isinstance(event, FrameDropped) and event.reason_kind is reason_kind


@pytest.mark.requirement("FRM-06", "FRM-11")
def test_call_is_answered_with_its_result() -> None:
    link = Link()
    link.station.call("a", "BootNotification", b'{"chargePointVendor":"V"}', now=link.now)
    (received,) = link.to_central()
    assert isinstance(received, CallReceived)
    assert (received.message_id, received.action) == ("a", "BootNotification")
    assert bytes(received.payload) == b'{"chargePointVendor":"V"}'
    link.central.answer("a", b'{"status":"Accepted"}')
    (answered,) = link.to_station()
    assert isinstance(answered, CallAnswered)
    assert (answered.message_id, answered.action) == ("a", "BootNotification")
    assert bytes(answered.payload) == b'{"status":"Accepted"}'
    assert link.station.outstanding is None
    assert link.station.next_deadline() is None


@pytest.mark.requirement("FRM-07", "FRM-11")
def test_call_is_refused_with_code_description_and_details() -> None:
    link = Link()
    link.central.call("a", "Reset", b"{}", now=link.now)
    link.to_station()
    link.station.refuse("a", "NotSupported", "no reset here", b'{"since":2}')
    (refused,) = link.to_central()
    assert isinstance(refused, CallRefused)
    assert (refused.action, refused.code, refused.description) == ("Reset", "NotSupported", "no reset here")
    assert bytes(refused.details) == b'{"since":2}'


@pytest.mark.requirement("FRM-14")
def test_second_call_is_sent_only_when_the_first_is_answered() -> None:
    link = Link()
    for message_id in ("a", "b", "c"):
        link.station.call(message_id, "Heartbeat", b"{}", now=link.now)
    for message_id, waiting in (("a", 2), ("b", 1), ("c", 0)):
        (received,) = link.to_central()
        assert received == CallReceived(message_id, "Heartbeat", received.payload)
        assert link.to_central() == []
        assert (link.station.outstanding, link.station.queued) == (message_id, waiting)
        link.central.answer(message_id, b"{}")
        link.to_station()


@pytest.mark.requirement("FRM-14")
def test_second_call_is_sent_when_the_first_is_refused() -> None:
    link = Link()
    link.station.call("a", "Heartbeat", b"{}", now=link.now)
    link.station.call("b", "Heartbeat", b"{}", now=link.now)
    link.to_central()
    link.central.refuse("a", "InternalError", "")
    link.to_station()
    assert [event.message_id for event in link.to_central()] == ["b"]


def test_queue_refuses_what_is_over_its_limit_and_loses_nothing() -> None:
    link = Link(queue_limit=2)
    for message_id in ("a", "b", "c"):
        link.station.call(message_id, "Heartbeat", b"{}", now=link.now)
    with pytest.raises(
        QueueFull, match=r"StatusNotification was not queued: 2 calls wait .* behind Heartbeat"
    ):
        link.station.call("d", "StatusNotification", b"{}", now=link.now)
    seen = []
    while events := link.to_central():
        seen.append(events[0].message_id)
        link.central.answer(events[0].message_id, b"{}")
        link.to_station()
    assert seen == ["a", "b", "c"]


def test_queue_limit_zero_allows_only_the_outstanding_call() -> None:
    session = Session(queue_limit=0)
    session.call("a", "Heartbeat", b"{}", now=0)
    with pytest.raises(QueueFull):
        session.call("b", "Heartbeat", b"{}", now=0)


@pytest.mark.requirement("FRM-17", "FRM-18")
def test_unanswered_call_times_out_after_its_time_and_not_before() -> None:
    session = Session(call_timeout_s=30)
    session.call("a", "Heartbeat", b"{}", now=100)
    assert session.next_deadline() == 130
    assert session.handle_deadline(now=129.9) == []
    assert session.handle_deadline(now=130) == [CallTimedOut("a", "Heartbeat", 30)]
    assert session.next_deadline() is None
    assert session.handle_deadline(now=999) == []
    assert session.counters.timed_out == 1


def test_call_may_have_a_timeout_of_its_own() -> None:
    session = Session(call_timeout_s=30)
    session.call("a", "GetDiagnostics", b"{}", now=100, timeout_s=5)
    assert session.handle_deadline(now=105) == [CallTimedOut("a", "GetDiagnostics", 5)]
    with pytest.raises(LocalProtocolError, match="above 0"):
        session.call("b", "GetDiagnostics", b"{}", now=100, timeout_s=0)


@pytest.mark.requirement("FRM-18")
def test_timeout_of_a_queued_call_runs_from_its_sending() -> None:
    session = Session(call_timeout_s=30)
    session.call("a", "Heartbeat", b"{}", now=100)
    session.call("b", "Heartbeat", b"{}", now=100)
    session.handle_deadline(now=131)
    assert session.texts_to_send() == ['[2,"a","Heartbeat",{}]', '[2,"b","Heartbeat",{}]']
    assert session.next_deadline() == 161
    session.receive('[3,"b",{}]', now=140)
    session.call("c", "Heartbeat", b"{}", now=150)
    assert session.next_deadline() == 180


def test_answer_that_comes_before_the_timeout_was_handled_is_in_time() -> None:
    session = Session(call_timeout_s=30)
    session.call("a", "Heartbeat", b"{}", now=100)
    assert isinstance(session.receive('[3,"a",{}]', now=131), CallAnswered)
    assert session.handle_deadline(now=131) == []


@pytest.mark.requirement("FRM-11")
def test_late_answer_is_dropped_and_does_not_answer_the_next_call() -> None:
    link = Link()
    link.central.call("a", "Reset", b"{}", now=link.now)
    link.central.call("b", "ClearCache", b"{}", now=link.now)
    link.to_station()
    link.now += 30
    link.central.handle_deadline(link.now)
    link.station.answer("a", b'{"status":"Accepted"}')
    (event,) = link.to_central()
    assert dropped(DropReason.LATE_ANSWER, event)
    assert link.central.outstanding == "b"
    assert (link.central.counters.late, link.central.counters.unknown) == (1, 0)
    link.to_station()
    link.station.answer("b", b'{"status":"Rejected"}')
    (answered,) = link.to_central()
    assert isinstance(answered, CallAnswered)
    assert (answered.message_id, bytes(answered.payload)) == ("b", b'{"status":"Rejected"}')


@pytest.mark.requirement("FRM-11")
@pytest.mark.parametrize("text", ['[3,"zz",{}]', '[4,"zz","GenericError","",{}]', '[3,"A",{}]', '[3,"b",{}]'])
def test_answer_to_no_outstanding_call_is_dropped(text: str) -> None:
    session = Session()
    session.call("a", "Heartbeat", b"{}", now=0)
    session.call("b", "Heartbeat", b"{}", now=0)  # queued: nobody can have seen it yet
    event = session.receive(text, now=1)
    assert dropped(DropReason.UNKNOWN_ANSWER, event)
    assert (session.outstanding, session.queued, session.counters.unknown) == ("a", 1, 1)


@pytest.mark.requirement("FRM-11")
def test_call_is_answered_once_however_often_the_answer_comes() -> None:
    session = Session()
    session.call("a", "Heartbeat", b"{}", now=0)
    assert isinstance(session.receive('[3,"a",{}]', now=1), CallAnswered)
    assert dropped(DropReason.UNKNOWN_ANSWER, session.receive('[3,"a",{}]', now=1))
    assert dropped(DropReason.UNKNOWN_ANSWER, session.receive('[4,"a","GenericError","",{}]', now=1))


def test_many_timeouts_do_not_make_the_memory_of_late_answers_grow() -> None:
    session = Session(call_timeout_s=1)
    for number in range(1000):
        session.call(f"a{number}", "Heartbeat", b"{}", now=number)
        session.handle_deadline(now=number + 1)
    assert dropped(DropReason.LATE_ANSWER, session.receive('[3,"a999",{}]', now=1001))
    assert dropped(DropReason.UNKNOWN_ANSWER, session.receive('[3,"a0",{}]', now=1001))


@pytest.mark.parametrize("text", ['[3,"a",{"status":}]', '[3,"a",5]', '[3,"a",{"sta'])
def test_answer_that_nobody_can_read_ends_the_call_and_frees_the_line(text: str) -> None:
    session = Session()
    session.call("a", "Reset", b"{}", now=0)
    session.call("b", "Reset", b"{}", now=0)
    event = session.receive(text, now=1)
    assert isinstance(event, CallAnswered)
    assert [deviation.usable for deviation in event.deviations] == [False]
    assert session.outstanding == "b"


def test_error_that_nobody_can_read_ends_the_call() -> None:
    session = Session()
    session.call("a", "Reset", b"{}", now=0)
    event = session.receive('[4,"a","NotSupported","say "no"",{}]', now=1)
    assert isinstance(event, CallRefused)
    assert event.code == "GenericError"


def test_peer_that_makes_a_number_of_our_id_answers_the_call() -> None:
    session = Session()
    session.call("7", "Reset", b"{}", now=0)
    event = session.receive("[3,7,{}]", now=1)
    assert isinstance(event, CallAnswered)
    assert type(event.message_id) is str
    assert [deviation.path for deviation in event.deviations] == ["$[1]"]


def test_abandoned_call_in_the_queue_is_never_sent() -> None:
    session = Session()
    for message_id in ("a", "b", "c"):
        session.call(message_id, "Heartbeat", b"{}", now=0)
    session.abandon("b")
    session.receive('[3,"a",{}]', now=1)
    assert session.texts_to_send() == ['[2,"a","Heartbeat",{}]', '[2,"c","Heartbeat",{}]']


@pytest.mark.requirement("FRM-14")
def test_abandoned_call_keeps_the_line_until_it_is_answered_without_an_event_for_its_caller() -> None:
    session = Session()
    session.call("a", "Heartbeat", b"{}", now=0)
    session.abandon("a")
    session.call("b", "Heartbeat", b"{}", now=0)
    assert session.texts_to_send() == ['[2,"a","Heartbeat",{}]']
    assert dropped(DropReason.ABANDONED_ANSWER, session.receive('[3,"a",{}]', now=1))
    assert session.counters.abandoned == 1
    assert session.texts_to_send() == ['[2,"b","Heartbeat",{}]']


@pytest.mark.requirement("FRM-14")
def test_abandoned_call_keeps_the_line_until_it_has_timed_out() -> None:
    session = Session(call_timeout_s=30)
    session.call("a", "Heartbeat", b"{}", now=0)
    session.call("b", "Heartbeat", b"{}", now=0)
    session.abandon("a")
    assert session.handle_deadline(now=30) == []
    assert session.outstanding == "b"
    assert dropped(DropReason.LATE_ANSWER, session.receive('[3,"a",{}]', now=31))


def test_abandoning_a_call_that_has_ended_does_nothing() -> None:
    session = Session()
    session.abandon("a")
    session.call("a", "Heartbeat", b"{}", now=0)
    session.receive('[3,"a",{}]', now=1)
    session.abandon("a")
    session.call("b", "Heartbeat", b"{}", now=2)
    session.call("c", "Heartbeat", b"{}", now=2)
    session.abandon("a")
    assert (session.outstanding, session.queued) == ("b", 1)


@pytest.mark.requirement("FRM-09")
def test_id_in_use_or_just_timed_out_is_not_used_again() -> None:
    session = Session(call_timeout_s=30)
    session.call("a", "Heartbeat", b"{}", now=0)
    session.call("b", "Heartbeat", b"{}", now=0)
    for message_id in ("a", "b"):
        with pytest.raises(LocalProtocolError, match="used before"):
            session.call(message_id, "Heartbeat", b"{}", now=1)
    session.handle_deadline(now=30)
    with pytest.raises(LocalProtocolError, match="used before"):
        session.call("a", "Heartbeat", b"{}", now=31)


def test_call_that_cannot_be_written_leaves_the_line_free() -> None:
    session = Session()
    with pytest.raises(LocalProtocolError):
        session.call("a", "Heartbeat", b"null", now=0)
    with pytest.raises(LocalProtocolError):
        session.call("x" * 37, "Heartbeat", b"{}", now=0)
    assert session.outstanding is None
    assert session.texts_to_send() == []


def test_close_fails_what_was_sent_and_what_was_not_and_says_which() -> None:
    session = Session()
    session.call("a", "Reset", b"{}", now=0)
    session.call("b", "ClearCache", b"{}", now=0)
    session.call("c", "ClearCache", b"{}", now=0)
    session.abandon("c")
    assert session.close("the station went away") == [
        CallFailed("a", "Reset", "Reset was sent but not answered: the station went away"),
        CallFailed("b", "ClearCache", "ClearCache was not sent: the station went away"),
    ]
    assert session.closed
    assert session.next_deadline() is None
    assert session.texts_to_send() == []
    assert session.close("again") == []


def test_close_says_nothing_of_an_abandoned_call() -> None:
    session = Session()
    session.call("a", "Reset", b"{}", now=0)
    session.abandon("a")
    assert session.close("gone") == []


def test_call_after_close_raises_with_the_reason() -> None:
    session = Session()
    session.close("the station went away")
    with pytest.raises(NotConnected, match="Reset was not sent: the station went away"):
        session.call("a", "Reset", b"{}", now=0)
    session.abandon("a")
    assert session.handle_deadline(now=99) == []


@pytest.mark.parametrize(
    "setting", [{"call_timeout_s": 0}, {"queue_limit": -1}, {"remembered_answers": -1}], ids=str
)
def test_settings_that_make_no_sense_are_refused(setting: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least 0"):
        Session(**setting)
