"""A trace is the log it was made of: inspecting it finds the same."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.logbook.steve_log import full_log

from voltline.logbook.frames import seen_in
from voltline.logbook.inspecting import inspect
from voltline.logbook.opening import sources
from voltline.logbook.reports.as_trace import trace_lines
from voltline.logbook.result import Result

FIXTURES = Path(__file__).parents[2] / "corpus" / "logs"
SAMPLES = Path(__file__).parents[4] / "shared" / "field" / "samples"
LOGS = [*sorted(FIXTURES.iterdir()), *sorted(SAMPLES.glob("v*"))]


def traced(log: Path, to: Path) -> Path:
    to.write_bytes(b"".join(trace_lines(seen_in(sources([log])))))
    return to


def told(result: Result) -> Any:
    """Everything of a result but the files and lines."""
    findings = [
        (one.key, one.severity, one.count, one.first_at, one.last_at, [each.text for each in one.evidence])
        for one in result.inspected.findings
    ]
    sessions = [
        (one.station, one.connector, one.transaction_id, one.energy_wh, one.started_at, one.ending, one.curve)
        for one in result.inspected.sessions
    ]
    stations = [
        (one.station, one.frames, one.boots, one.connections, one.gaps, one.states, one.first_at, one.last_at)
        for one in result.inspected.stations
    ]
    return result.frames - result.repeated, findings, sessions, stations


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.name)
def test_a_trace_of_a_log_gives_the_same_frames_sessions_and_findings(log: Path, tmp_path: Path) -> None:
    trace = traced(log, tmp_path / "trace.jsonl")
    assert told(inspect([trace])) == told(inspect([log]))


def test_connections_and_unanswered_calls_outlive_the_trace(tmp_path: Path) -> None:
    log = full_log().write(tmp_path / "steve.log")
    result = inspect([traced(log, tmp_path / "trace.jsonl")])
    assert told(result) == told(inspect([log]))
    assert {one.detector for one in result.inspected.findings} >= {"R01", "F03"}
    assert [one.connections for one in result.inspected.stations] == [1, 2]
    assert result.coverages[0].formats == {"voltline trace": result.frames}
    assert result.skipped == 0


def test_a_trace_of_a_trace_differs_in_its_places_only(tmp_path: Path) -> None:
    first = traced(full_log().write(tmp_path / "steve.log"), tmp_path / "first.jsonl")
    second = traced(first, tmp_path / "second.jsonl")

    def without_places(path: Path) -> list[Any]:
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        for line in lines:
            for key in ("file", "line", "answers"):
                line["voltline"].pop(key, None)
        return lines

    assert without_places(second) == without_places(first)


def test_each_line_says_what_it_is_and_which_call_it_answers(tmp_path: Path) -> None:
    log = full_log().write(tmp_path / "steve.log")
    lines = [json.loads(line) for line in traced(log, tmp_path / "t.jsonl").read_text().splitlines()]
    connected, boot, booted = lines[:3]
    assert (connected["messageType"], connected["voltline"]["kind"]) == ("CONNECTED", "connected")
    assert (boot["schemaVersion"], boot["messageType"], boot["direction"]) == ("1.1", "CALL", "cp-to-csms")
    assert (boot["messageId"], boot["action"]) == ("m1", "BootNotification")
    assert boot["chargePointId"] == "ACME-HQ-01"
    assert json.loads(boot["raw"])[3] == boot["payload"]
    assert (booted["messageType"], booted["action"]) == ("CALLRESULT", "BootNotification")
    assert booted["voltline"]["answers"] == {"file": str(log), "line": 2}
    assert booted["voltline"]["tookMs"] == 200
    assert (booted["voltline"]["pairing"], booted["timestamp"]) == ("answer", "2026-03-01T08:00:01.200000Z")


def test_a_frame_that_two_loggers_told_is_traced_once(tmp_path: Path) -> None:
    log = tmp_path / "twice.log"
    frame = '[2,"a1","Heartbeat",{}]'
    answer = '[3,"a1",{"currentTime":"2026-03-01T08:00:00Z"}]'
    log.write_text(
        f"2026-03-01 08:00:00.000 INFO (MainThread) [ocpp] CP1: receive message {frame}\n"
        f"2026-03-01 08:00:00.001 DEBUG (MainThread) [websockets.server] < TEXT '{frame}' [23 bytes]\n"
        f"2026-03-01 08:00:00.100 INFO (MainThread) [ocpp] CP1: send {answer}\n"
    )
    result = inspect([log])
    lines = traced(log, tmp_path / "t.jsonl").read_text().splitlines()
    assert (result.frames, result.repeated, len(lines)) == (3, 1, 2)


def test_half_a_character_does_not_stop_the_trace(tmp_path: Path) -> None:
    log = tmp_path / "utf16.log"
    text = '[2,"1","DataTransfer",{"vendorId":"\\ud83d"}]\n[2,"2","Heartbeat",{}]\n'
    log.write_bytes(text.encode("utf-16"))
    assert len(traced(log, tmp_path / "t.jsonl").read_bytes().splitlines()) == 2


def test_a_payload_that_is_no_json_stays_in_the_raw_frame_alone(tmp_path: Path) -> None:
    log = full_log()
    log.say("Sending: ", '[3,"x1",{"currentTime":"2026"key":"A"T06:00Z"}]').ask("Heartbeat", "{}")
    path = log.write(tmp_path / "a.log")
    trace = traced(path, tmp_path / "t.jsonl")
    assert told(inspect([trace])) == told(inspect([path]))
    (line,) = (one for one in map(json.loads, trace.read_text().splitlines()) if one.get("messageId") == "x1")
    assert "payload" not in line
    assert line["raw"].endswith('"key":"A"T06:00Z"}]')
