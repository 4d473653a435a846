"""R01: what counts as unanswered, and what does not."""

from tests.unit.inspection.inspection_lab import Log

from voltline.inspection.findings import Severity, Who
from voltline.inspection.records import Damage


def test_a_call_without_an_answer_is_told_with_its_line() -> None:
    log = Log().boot()
    log.later(10).call("Heartbeat")
    log.later(40).heartbeat()
    (finding,) = log.found("R01")
    assert finding.title == "Unanswered Heartbeat"
    assert [one.line for one in finding.evidence] == [3]
    assert finding.who is Who.BACK_END


def test_an_unanswered_stop_is_an_error() -> None:
    log = Log().boot().start()
    log.later(60).call(
        "StopTransaction", {"transactionId": 1, "meterStop": 2000, "timestamp": "2026-03-01T08:01:00Z"}
    )
    log.later(31).heartbeat()
    (finding,) = log.found("R01")
    assert finding.severity is Severity.ERROR


def test_repeats_are_one_finding_with_a_count() -> None:
    log = Log().boot()
    for _ in range(5):
        log.later(60).call("Heartbeat")
    log.later(60).heartbeat()
    (finding,) = log.found("R01")
    assert finding.count == 5


def test_a_call_at_the_end_of_the_log_is_no_fault() -> None:
    log = Log().boot()
    log.later(1).call("Heartbeat")
    assert log.found("R01") == []


def test_a_log_of_one_side_only_is_no_row_of_faults() -> None:
    log = Log()
    for _ in range(50):
        log.later(60).call("Heartbeat")
    assert len(log.found("R01")) <= 1


def test_a_slow_answer_is_an_answer() -> None:
    log = Log().boot()
    message_id = log.later(5).call("Heartbeat")
    log.later(45).answer(message_id, {"currentTime": "2026-03-01T08:00:50Z"})
    assert log.found("R01") == []


def test_a_truncated_call_is_not_judged() -> None:
    log = Log().boot()
    log.later(1).station('[2,"77","MeterValues",{"connec', damage=(Damage.TRUNCATED,))
    log.later(60).heartbeat()
    assert log.found("R01") == []
