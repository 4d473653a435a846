"""`voltline inspect diff`: what is another in the second recording."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.logbook.steve_log import KEY, SteveLog, full_log

from voltline.cli.main import run


def boot(log: SteveLog, firmware: str = "1.0") -> SteveLog:
    made = f'"chargePointVendor":"Acme","chargePointModel":"M","firmwareVersion":"{firmware}"'
    log.ask(
        "BootNotification",
        f"{{{made}}}",
        f'{{"currentTime":"{log.clock}","interval":300,"status":"Accepted"}}',
    )
    return log


def setting(log: SteveLog, key: str, value: str, status: str = "Accepted") -> SteveLog:
    return log.ask("ChangeConfiguration", f'{{"key":"{key}","value":"{value}"}}', f'{{"status":"{status}"}}',
                   station=False)  # fmt: skip


def compared(a: Path, b: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, Any]:
    code = run(["inspect", "diff", str(a), str(b), "--format", "json", *options])
    return code, json.loads(capsys.readouterr().out)


def test_a_recording_is_as_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = full_log().write(tmp_path / "a.log")
    code, told = compared(log, log, capsys)
    assert code == 0
    assert (told["new"], told["gone"], told["changes"]) == ([], [], [])
    assert {one["id"] for one in told["same"]} >= {"R01", "F03"}
    assert all(one["a"] == one["b"] for one in told["actions"] + told["response_times"])
    assert told["sessions_a"] == told["sessions_b"]
    assert told["sessions_a"] == {
        "count": 3, "energy_wh": 15000.0, "median_energy_wh": 5000, "median_duration_s": 301.2,
    }  # fmt: skip


def test_new_findings_decide_the_exit_code_and_those_gone_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clean = full_log()
    clean.lines = [line.replace(KEY, "****") for line in clean.lines]
    before, after = clean.write(tmp_path / "a.log"), full_log().write(tmp_path / "b.log")
    code, told = compared(before, after, capsys)
    assert (code, [one["id"] for one in told["new"]]) == (3, ["F03"])
    assert told["new"][0]["line"] == 16
    assert compared(before, after, capsys, "--fail-on", "critical")[0] == 0
    code, told = compared(after, before, capsys)
    assert (code, told["new"], [one["id"] for one in told["gone"]]) == (0, [], ["F03"])


def test_firmware_settings_calls_and_times_are_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a = setting(setting(boot(SteveLog()), "HeartbeatInterval", "300"), "AuthorizationKey", "secret-one-16chr")
    b = setting(
        setting(boot(SteveLog(), "1.1"), "HeartbeatInterval", "60"), "AuthorizationKey", "secret-two-16chr"
    )
    setting(b, "ConnectionTimeOut", "30", "Rejected")
    b.later(1).say("Received: ", '[2,"slow","Heartbeat",{}]')
    b.later(8).say("Sending: ", f'[3,"slow",{{"currentTime":"{b.clock}"}}]')
    _, told = compared(a.write(tmp_path / "a.log"), b.write(tmp_path / "b.log"), capsys)
    assert [(one["name"], one["a"], one["b"]) for one in told["changes"]] == [
        ("firmware", "1.0", "1.1"),
        ("HeartbeatInterval", "300", "60"),
    ]
    assert "secret-" not in json.dumps(told)
    counts = {one["action"]: (one["a"], one["b"]) for one in told["actions"]}
    assert counts == {"BootNotification": (1, 1), "ChangeConfiguration": (2, 3), "Heartbeat": (0, 1)}
    times = {one["action"]: one["b"] for one in told["response_times"]}
    assert times["Heartbeat"] == {"count": 1, "p50_s": 8.0, "p95_s": 8.0}
    assert times["ChangeConfiguration"]["p50_s"] == 0.2


def test_the_only_charge_point_of_each_is_the_same_one_whatever_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a = boot(SteveLog("CP1")).ask("StopTransaction", "{}", None).later(60).ask("Heartbeat", "{}")
    b = boot(SteveLog("CP2"), "2.0").ask("StopTransaction", "{}", None).later(60).ask("Heartbeat", "{}")
    code, told = compared(a.write(tmp_path / "a.log"), b.write(tmp_path / "b.log"), capsys)
    assert (code, told["new"], told["gone"]) == (0, [], [])
    assert told["same"]
    assert (told["changes"][0]["name"], told["changes"][0]["b"]) == ("firmware", "2.0")


def test_people_are_told_in_tables_without_colours_in_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clean = full_log()
    clean.lines = [line.replace(KEY, "****") for line in clean.lines]
    before, after = clean.write(tmp_path / "a.log"), full_log().write(tmp_path / "b.log")
    assert run(["inspect", "diff", str(before), str(after)]) == 3
    out = capsys.readouterr().out
    for said in (
        "Recordings",
        "Sessions",
        "Response times",
        "1 new, 0 gone",
        "+ ERROR F03 Key in clear",
        "= ERROR R01",
    ):
        assert said in out
    path = tmp_path / "diff.txt"
    assert run(["inspect", "diff", str(before), str(after), "-o", str(path)]) == 3
    assert path.read_text() == out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{log}", "/nowhere/x.log"], "there is no such file"),
        (["{log}"], "Missing argument 'B'"),
        (["{log}", "{log}", "--format", "html"], "there are text, json"),
        (["-", "-"], "only one of the two can be standard input"),
        (["{log}", "{log}", "--only", "Q99"], "no detector has the id"),
        (["{log}", "{log}", "-o", "/nowhere/x"], "no such folder to write to"),
    ],
)
def test_what_is_wrongly_asked_is_said(
    tmp_path: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log = full_log().write(tmp_path / "a.log")
    assert run(["inspect", "diff", *(one.format(log=log) for one in arguments)]) == 2
    assert said in capsys.readouterr().err


def test_a_file_that_cannot_be_read_is_no_comparison(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    assert run(["inspect", "diff", str(full_log().write(tmp_path / "a.log")), str(picture)]) == 1
    assert "a picture" in capsys.readouterr().err


def test_a_file_named_diff_is_still_inspected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    full_log().write(tmp_path / "diff")
    monkeypatch.chdir(tmp_path)
    assert run(["inspect", "./diff"]) == 4
    assert "30 frames" in capsys.readouterr().out
