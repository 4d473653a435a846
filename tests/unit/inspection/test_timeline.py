"""Calls and answers are paired as the wire meant them, whatever the log did to them."""

from tests.unit.inspection.inspection_lab import Log, events_of

from voltline.inspection.events import (
    Answered,
    Call,
    Connected,
    Malformed,
    Orphan,
    OrphanCause,
    Repeated,
    Unanswered,
    UnansweredCause,
)
from voltline.inspection.records import Damage
from voltline.inspection.timeline import MOST_OPEN, REMEMBERED, Timeline
from voltline.messages import Heartbeat, HeartbeatResponse

NOW = {"currentTime": "2026-03-01T08:00:00Z"}


def causes(log: Log) -> list[UnansweredCause]:
    return [one.cause for one in events_of(log) if isinstance(one, Unanswered)]


def test_an_answer_belongs_to_the_call_of_its_id_and_knows_how_long_it_took() -> None:
    log = Log()
    log.at(10).station('[2,"a","Heartbeat",{}]')
    log.at(12.5).central('[3,"a",{"currentTime":"2026-03-01T08:00:00Z"}]')
    call, answered = events_of(log)
    assert isinstance(call, Call)
    assert isinstance(answered, Answered)
    assert isinstance(answered.exchange.request, Heartbeat)
    assert isinstance(answered.exchange.response, HeartbeatResponse)
    assert answered.exchange.took_s == 2.5


def test_the_same_id_from_both_sides_is_two_calls() -> None:
    log = Log()
    log.station('[2,"1","Heartbeat",{}]')
    log.central('[2,"1","ClearCache",{}]')
    log.station('[3,"1",{"status":"Accepted"}]')
    log.central('[3,"1",{"currentTime":"2026-03-01T08:00:00Z"}]')
    names = [one.exchange.name for one in events_of(log) if isinstance(one, Answered)]
    assert names == ["ClearCache", "Heartbeat"]


def test_a_call_is_unanswered_once_the_log_went_on_for_long_enough() -> None:
    log = Log()
    log.call("Heartbeat")
    log.later(29).heartbeat()
    assert causes(log) == [UnansweredCause.LOG_ENDED]
    log.later(2).heartbeat()
    assert causes(log) == [UnansweredCause.TIMEOUT]


def test_a_call_at_the_end_is_open_not_unanswered() -> None:
    log = Log().heartbeat()
    log.call("Heartbeat")
    (one,) = [one for one in events_of(log) if isinstance(one, Unanswered)]
    assert one.cause is UnansweredCause.LOG_ENDED


def test_in_a_log_without_times_frames_tell_that_an_answer_is_overdue() -> None:
    log = Log(timed=False)
    log.call("Heartbeat", message_id="lost")
    for _ in range(15):
        log.heartbeat()
    log.call("Heartbeat", message_id="last")
    causes = {one.exchange.message_id: one.cause for one in events_of(log) if isinstance(one, Unanswered)}
    assert causes == {"lost": UnansweredCause.TIMEOUT, "last": UnansweredCause.LOG_ENDED}


def test_a_lost_connection_leaves_its_calls_unanswered() -> None:
    log = Log().connected()
    log.call("Heartbeat")
    log.later(1).disconnected().later(5).connected()
    (one,) = [one for one in events_of(log) if isinstance(one, Unanswered)]
    assert one.cause is UnansweredCause.DISCONNECTED


def test_an_answer_that_comes_over_the_next_connection_is_told_as_such() -> None:
    log = Log().connected()
    message_id = log.call("Heartbeat")
    log.later(1).disconnected().later(5).connected().later(1).answer(message_id, NOW)
    (orphan,) = [one for one in events_of(log) if isinstance(one, Orphan)]
    assert orphan.cause is OrphanCause.AFTER_RECONNECT
    assert orphan.exchange is not None


def test_a_second_answer_and_a_late_one_are_orphans_of_a_known_call() -> None:
    log = Log()
    first = log.call("Heartbeat")
    log.later(1).answer(first, NOW).later(1).answer(first, NOW)
    late = log.later(60).call("Heartbeat")
    log.later(31).heartbeat().later(1).answer(late, NOW)
    causes = [one.cause for one in events_of(log) if isinstance(one, Orphan)]
    assert causes == [OrphanCause.ANSWERED_BEFORE, OrphanCause.LATE]


def test_an_answer_at_the_beginning_of_the_log_is_no_fault() -> None:
    log = Log().later(3).answer("before", NOW)
    log.later(60).answer("never", NOW)
    causes = [one.cause for one in events_of(log) if isinstance(one, Orphan)]
    assert causes == [OrphanCause.LOG_BEGAN, OrphanCause.UNKNOWN]


def test_a_silence_begins_the_log_anew() -> None:
    log = Log().heartbeat().later(3600).answer("in between", NOW)
    (orphan,) = [one for one in events_of(log) if isinstance(one, Orphan)]
    assert orphan.cause is OrphanCause.LOG_BEGAN


def test_the_answer_to_a_malformed_call_is_no_riddle() -> None:
    log = Log().heartbeat().later(60).heartbeat().later(60)
    log.station('[2,"bad","Heartbeat",7]').central('[4,"bad","FormationViolation","",{}]')
    seen = events_of(log)
    assert len([one for one in seen if isinstance(one, Malformed)]) == 1
    assert [one.cause for one in seen if isinstance(one, Orphan)] == [OrphanCause.MALFORMED]


def test_an_id_that_is_used_again_names_the_call_that_had_it_before() -> None:
    log = Log()
    log.call("Heartbeat", message_id="7")
    log.later(1).answer("7", NOW)
    log.later(1).call("Heartbeat", message_id="8")
    log.later(1).call("Heartbeat", message_id="7")
    first, other, again = (one.exchange for one in events_of(log) if isinstance(one, Call))
    assert again.earlier is first
    assert other.earlier is None


def test_a_chain_of_used_ids_is_not_kept_in_memory() -> None:
    log = Log()
    for _ in range(5):
        log.later(1).call("Heartbeat", message_id="7")
        log.later(1).answer("7", NOW)
    last = [one.exchange for one in events_of(log) if isinstance(one, Call)][-1]
    assert last.earlier is not None
    assert last.earlier.earlier is None


def test_an_id_that_is_never_answered_and_never_changes_keeps_one_call_before_it_too() -> None:
    log = Log()
    for _ in range(4):
        log.call("Heartbeat", message_id="1")
    last = [one.exchange for one in events_of(log) if isinstance(one, Call)][-1]
    assert last.earlier is not None
    assert last.earlier.earlier is None


def test_calls_on_top_of_open_ones_are_counted() -> None:
    log = Log()
    log.call("Heartbeat")
    log.call("Heartbeat")
    log.call("ClearCache", by_central=True)
    assert [one.exchange.overtaking for one in events_of(log) if isinstance(one, Call)] == [0, 1, 0]


def test_what_two_loggers_tell_is_one_frame() -> None:
    log = Log()
    frame = '[2,"a","Heartbeat",{}]'
    log.station(frame, log_name="websockets").station(frame, log_name="ocpp").later(1).answer("a", NOW)
    kinds = [type(one) for one in events_of(log)]
    assert kinds == [Call, Repeated, Answered]


def test_the_same_frame_twice_from_one_logger_was_sent_twice() -> None:
    log = Log()
    frame = '[2,"a","Heartbeat",{}]'
    log.station(frame, log_name="ocpp").later(1).station(frame, log_name="ocpp")
    assert not [one for one in events_of(log) if isinstance(one, Repeated)]


def test_a_cut_call_and_a_cut_answer_still_belong_together() -> None:
    log = Log().heartbeat().later(60)
    log.station('[2,"cut-1","StatusNotif', damage=(Damage.TRUNCATED,))
    log.central('[3,"cut-1",{"x', damage=(Damage.TRUNCATED,))
    seen = [one for one in events_of(log) if isinstance(one, Call | Answered)]
    exchange = seen[-1].exchange
    assert exchange.name == "StatusNotification"
    assert exchange.request is None
    assert exchange.answer is not None
    assert exchange.response is None


def test_another_session_id_is_another_connection() -> None:
    log = Log()
    log.station('[2,"1","Heartbeat",{}]', connection="s1").central('[3,"1",{}]', connection="s1")
    log.station('[2,"1","Heartbeat",{}]', connection="s2")
    seen = events_of(log)
    assert [one.connection for one in seen if isinstance(one, Connected)] == [1]


def test_memory_is_bounded_however_many_calls_stay_open() -> None:
    log = Log(timed=False)
    timeline = Timeline("CP-7")
    for number in range(REMEMBERED + 3 * MOST_OPEN):
        log.records.clear()
        log.call("Heartbeat", message_id=str(number))
        timeline.feed(log.records[0])
    assert len(timeline.end()) == MOST_OPEN
    remembered = sum(len(side.past) + len(side.older) for side in timeline._sides.values())
    assert REMEMBERED // 2 <= remembered <= REMEMBERED
