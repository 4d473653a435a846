"""`voltline inspect` and `voltline explain`, as a field engineer and a CI job call them."""

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from voltline.cli.main import run
from voltline.inspection.registry import all_detectors
from voltline.logbook.inspecting import SMALL

OWN = """
from voltline.inspection.detector import Detector
from voltline.inspection.events import Call
from voltline.inspection.findings import Severity, Who


class MyRule(Detector):
    id = "ACME1"
    title = "A heartbeat"
    severity = Severity.WARNING
    basis = ()
    who = Who.SITE
    next_step = "Nothing."
    explanation = "Tells every heartbeat."
    events = (Call,)
    actions = frozenset({"Heartbeat"})

    def see(self, event, facts):
        yield self.finding(facts, "It beats.", (event.record,))
"""


def lines(station: str = "CP1", *, answered: bool = True, sessions: int = 1) -> Iterator[str]:
    """A log as Home Assistant writes it: a boot, and sessions of 9 s with their stops answered or not."""

    def exchange(clock: str, message_id: str, call: str, answer: str | None) -> Iterator[str]:
        before = f"INFO (MainThread) [ocpp] {station}:"
        yield f'2026-03-01 {clock}.000 {before} receive message [2,"{message_id}",{call}]'
        if answer is not None:
            yield f'2026-03-01 {clock}.100 {before} send [3,"{message_id}",{answer}]'

    boot = '"BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}'
    accepted = '{"currentTime":"2026-03-01T08:00:00Z","interval":300,"status":"Accepted"}'
    yield from exchange("08:00:00", "b", boot, accepted)
    for connector in (0, 1):
        state = f'{{"connectorId":{connector},"errorCode":"NoError","status":"Available"}}'
        yield from exchange("08:00:01", f"s{connector}", f'"StatusNotification",{state}', "{}")
    for number in range(sessions):
        minute = f"{8 + (number + 1) // 60:02}:{(number + 1) % 60:02}"
        at = f'"timestamp":"2026-03-01T{minute}'
        meter = 1000 + 500 * number
        start = f'{{"connectorId":1,"idTag":"T","meterStart":{meter},{at}:01Z"}}'
        given = f'{{"transactionId":{number + 1},"idTagInfo":{{"status":"Accepted"}}}}'
        yield from exchange(f"{minute}:01", f"a{number}", f'"StartTransaction",{start}', given)
        stop = f'{{"transactionId":{number + 1},"meterStop":{meter + 500},{at}:10Z"}}'
        done = "{}" if answered else None
        yield from exchange(f"{minute}:10", f"z{number}", f'"StopTransaction",{stop}', done)
    end = f"{8 + (sessions + 1) // 60:02}:{(sessions + 1) % 60:02}:00"
    yield from exchange(end, "h", '"Heartbeat",{}', f'{{"currentTime":"2026-03-01T{end}Z"}}')


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Ten sessions whose stops nobody answered."""
    path = tmp_path / "some.txt"
    path.write_text("\n".join(lines(answered=False, sessions=10)) + "\n")
    return path


def test_the_report_says_what_was_read_what_was_concluded_and_what_is_wrong(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["inspect", str(log), "--only", "R01"]) == 4
    out = capsys.readouterr().out
    assert "38 lines, 38 frames" in out
    assert "written by the central system" in out
    assert "Unanswered StopTransaction x10" in out
    assert f"{log}:9: " in out
    assert "connector 1" in out


def test_the_json_report_has_the_promised_fields(
    log: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run(["inspect", str(log), "--format", "json", "--only", "R01"]) == 4
    report = json.loads(capsysbinary.readouterr().out)
    assert (report["frames"], report["skipped"]) == (38, 0)
    assert [one["subject"] for one in report["inferences"]] == ["side", "zone"]
    assert report["stations"][0]["station"] == "CP1"
    assert len(report["sessions"]) == 10
    assert report["sessions"][0]["energy_wh"] == 500
    (finding,) = report["findings"]
    assert finding["id"] == "R01"
    assert (finding["file"], finding["line"]) == (str(log), 9)
    assert finding["severity"] == "error"
    assert finding["count"] == 10
    assert finding["basis"]
    assert finding["evidence"][0]["text"].startswith('[2,"z0"')


def test_the_json_report_is_written_in_pieces_as_one_document(
    log: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    run(["inspect", str(log), "--format", "json"])
    written = capsysbinary.readouterr().out
    assert written == msgspec.json.format(written.rstrip(b"\n"), indent=1) + b"\n"


def test_the_exit_code_follows_the_worst_finding_that_counts(log: Path) -> None:
    assert run(["inspect", str(log), "--only", "R01", "--fail-on", "critical"]) == 0
    assert run(["inspect", str(log), "--only", "P03"]) == 0


def test_a_threshold_is_changed_by_name(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inspect", str(log), "--only", "R03", "--set", "R03.after_s=0.05"]) == 3
    assert "Slow response" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "Q99"], "no detector has the id 'Q99'"),
        (["--set", "R03.nope=1"], "R03 has no setting 'nope'; it has after_s"),
        (["--set", "R03.after_s=soon"], "R03: "),
        (["--set", "R03"], "--set wants ID.NAME=VALUE"),
        (["--set", "R.after_s=1"], "is not one detector"),
        (["--format", "xml"], "there are text, json, html, csv, junit, sarif, trace"),
        (["--detectors", "/nowhere"], "there is no such folder of detectors"),
    ],
)
def test_what_is_wrongly_asked_is_said_in_one_line(
    log: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["inspect", str(log), *arguments]) == 2
    assert said in capsys.readouterr().err


def test_nothing_at_a_path_and_nothing_to_read_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["inspect", str(tmp_path / "nope.log")]) == 2
    assert "there is no such file" in capsys.readouterr().err
    assert run(["inspect"]) == 2
    assert "give a log" in capsys.readouterr().err
    picture = tmp_path / "a.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    assert run(["inspect", str(picture)]) == 1
    assert "a picture" in capsys.readouterr().out


def test_detectors_of_ones_own_look_too(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "acme.py").write_text(OWN)
    assert run(["inspect", str(log), "--detectors", str(folder), "--only", "ACME1"]) == 3
    assert "ACME1 A heartbeat" in capsys.readouterr().out
    (folder / "acme.py").write_text("this is no Python")
    assert run(["inspect", str(log), "--detectors", str(folder)]) == 2
    assert "cannot be loaded: SyntaxError" in capsys.readouterr().err


def test_several_logs_on_several_cores_give_what_one_gives(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    for number in range(3):
        text = "\n".join(lines(f"CP{number}", answered=number != 1, sessions=600)) + "\n"
        (folder / f"log{number}.txt").write_text(text)
    assert sum(file.stat().st_size for file in folder.iterdir()) > SMALL
    reports = []
    for jobs in ("1", "3"):
        assert run(["inspect", str(folder), "--format", "json", "--jobs", jobs]) == 4
        reports.append(json.loads(capsysbinary.readouterr().out))
    assert reports[0] == reports[1]
    # Boot, two states, a heartbeat: 8 frames; a session: 4, or 3 where the stop is not answered.
    assert reports[0]["frames"] == 3 * 8 + 2 * 600 * 4 + 600 * 3
    assert len(reports[0]["sessions"]) == 1800


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            '[INFO] 31/01/2026 01:36:00 - StopTransaction\n{\n  "meterStop": 5\n}\n',
            True,
        ),
        ("time;action;payload\n2026-01-31 01:36:00;Heartbeat;{}\n", True),
        ('[INFO] 31/01/2026 01:36:00 - Heartbeat\n[2,"1","Heartbeat",{}]\n', False),
        ("", False),
    ],
)
def test_a_log_of_actions_without_frames_is_answered_with_what_to_export(
    text: str, told: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "portal.log").write_text(text)
    run(["inspect", str(tmp_path / "portal.log")])
    out = " ".join(capsys.readouterr().out.split())
    assert ("Export the raw messages with their message ids" in out) is told
    if told:
        assert "portal.log: no frames; " in out


def test_hostile_text_does_not_reach_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "evil.log"
    evil = '[2,"1","\\u001b[2J\\u0007Boot",{}]'
    path.write_text(f"INFO:ocpp:\x1b[31mCP: receive message {evil}\n" * 3)
    run(["inspect", str(path)])
    assert "\x1b[2J" not in capsys.readouterr().out


def test_every_detector_can_be_listed_and_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inspect", "--list"]) == 0
    listed = capsys.readouterr().out
    for detector in all_detectors():
        assert f"\n{detector.id} " in f"\n{listed}"
        assert run(["explain", detector.id.lower()]) == 0
        told = capsys.readouterr().out
        assert detector.explanation in told
        assert detector.next_step in told


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("starttransaction", "Findings about it"),
        ("InternalError", "error code of a CALLERROR"),
        ("OccurrenceConstraintViolation", "one r"),
        ("groundfailure", "error code of a StatusNotification"),
        ("heartbeatinterval", "configuration key"),
    ],
)
def test_actions_codes_and_keys_are_explained(
    name: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["explain", name]) == 0
    assert said in capsys.readouterr().out


def test_what_is_not_known_is_said_with_what_is_near(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "HartbeatInterval"]) == 2
    assert "near are HeartbeatInterval" in capsys.readouterr().err
