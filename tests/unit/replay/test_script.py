"""A recording is read as what the charge point did, in order, and what it was asked."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from voltline.replay.answering import Answers
from voltline.replay.script import Recording, read_recording
from voltline.wire.frames import CallFrame, decode

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def recording(folder: Path, *frames: tuple[str, Any], station: str = "CP1") -> Recording:
    """Frames one second apart; `in` is what the charge point sent."""
    path = folder / "log.jsonl"
    lines = [
        {
            "time": (NOON + timedelta(seconds=number)).isoformat(),
            "station": station,
            "direction": direction,
            "text": frame if isinstance(frame, str) else json.dumps(frame),
        }
        for number, (direction, frame) in enumerate(frames)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return read_recording([path])


BOOT = ("in", [2, "b", "BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"}])
BOOTED = (
    "out",
    [3, "b", {"status": "Accepted", "currentTime": "2026-01-01T12:00:00Z", "interval": 300}],
)


def test_calls_stand_in_order_with_the_place_of_their_answers(tmp_path: Path) -> None:
    read = recording(
        tmp_path,
        BOOT,
        BOOTED,
        ("in", [2, "1", "Heartbeat", {}]),
        ("in", [2, "2", "Authorize", {"idTag": "T"}]),
        ("out", [3, "2", {"idTagInfo": {"status": "Accepted"}}]),
        ("out", [3, "1", {"currentTime": "2026-01-01T12:00:00Z"}]),
    )
    [script] = read.scripts
    assert [(one.order, one.answered) for one in script.steps] == [(1, 2), (3, 6), (4, 5)]
    assert read.span == (NOON, NOON + timedelta(seconds=3))


def test_what_is_no_frame_is_a_step_too(tmp_path: Path) -> None:
    [script] = recording(tmp_path, BOOT, BOOTED, ("in", '[2,"x",null,{}]')).scripts
    assert [one.exchange is None for one in script.steps] == [False, True]
    assert script.steps[1].record.text == '[2,"x",null,{}]'


def test_a_call_at_the_end_of_the_log_is_not_held_to_be_unanswered(tmp_path: Path) -> None:
    [script] = recording(tmp_path, BOOT, BOOTED, ("in", [2, "1", "Heartbeat", {}])).scripts
    assert (script.steps[1].answered, script.steps[1].cause) == (None, "log_ended")


def test_a_charge_point_answers_as_recorded_the_same_question_first(tmp_path: Path) -> None:
    [script] = recording(
        tmp_path,
        BOOT,
        BOOTED,
        ("out", [2, "7", "ChangeConfiguration", {"key": "A", "value": "1"}]),
        ("in", [3, "7", {"status": "Rejected"}]),
        ("out", [2, "8", "ChangeConfiguration", {"key": "B", "value": "2"}]),
        ("in", [3, "8", {"status": "Accepted"}]),
    ).scripts
    answers = Answers(script.asked, timedelta(0))
    assert answers.to(call("n1", "ChangeConfiguration", {"value": "2", "key": "B"})) == (
        '[3, "n1", {"status": "Accepted"}]'
    )
    assert answers.not_asked == {"ChangeConfiguration": 1}
    assert "Rejected" in answers.to(call("n2", "ChangeConfiguration", {"key": "C", "value": "3"}))
    assert "Rejected" in answers.to(call("n3", "ChangeConfiguration", {"key": "D", "value": "4"}))
    assert (answers.not_asked, answers.made_up) == ({}, {})


def test_what_the_recording_does_not_answer_is_refused_in_the_words_of_ocpp() -> None:
    answers = Answers((), timedelta(0))
    assert json.loads(answers.to(call("1", "ChangeConfiguration", {})))[2] == {"status": "NotSupported"}
    assert json.loads(answers.to(call("2", "GetConfiguration", {"key": ["A"]})))[2] == {
        "configurationKey": [],
        "unknownKey": ["A"],
    }
    assert json.loads(answers.to(call("3", "Reset", {})))[:3] == [4, "3", "NotSupported"]
    assert json.loads(answers.to(call("4", "Dance", {})))[:3] == [4, "4", "NotImplemented"]
    assert answers.made_up == {"ChangeConfiguration": 1, "GetConfiguration": 1, "Reset": 1, "Dance": 1}


def call(message_id: str, action: str, payload: Any) -> CallFrame:
    frame = decode(json.dumps([2, message_id, action, payload]))
    assert isinstance(frame, CallFrame)
    return frame
