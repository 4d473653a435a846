"""`voltline station run` as a process: what it prints, and how it ends."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.serving import Serving, serving

from voltline.station.simulator.scenario.library import shipped_texts

VOLTLINE = Path(sys.executable).with_name("voltline")


def station_run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [VOLTLINE, "station", "run", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with serving(tmp_path_factory.mktemp("run") / "data") as server:
        yield server


def where(server: Serving) -> tuple[str, ...]:
    return server.ocpp, "--api", server.http


def test_shipped_scenario_runs_by_its_name_and_shows_its_steps(server: Serving, tmp_path: Path):
    report = tmp_path / "report.json"
    ran = station_run("tag-first", *where(server), "--id", "A", "--json", str(report), "--messages")
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert lines[0].startswith("tag-first.yaml: A driver presents the tag first")
    assert "    4  wait online = true" in lines
    assert any("-> StartTransaction connectorId=1" in line for line in lines)
    assert lines[-1].startswith("passed: ")
    assert json.loads(report.read_text())["passed"] is True


def test_failing_scenario_says_where_what_was_expected_and_what_came_instead(server: Serving, tmp_path: Path):
    file = tmp_path / "mine.yaml"
    file.write_text(
        "about: this cannot be\nvariables: {tag: CARD-1}\nsteps:\n  - wait: {online: true}\n  - start: $tag\n"
        "  - sent: {message: StartTransaction, answer: {idTagInfo.status: Blocked}, within: 1 s}\n"
    )
    ran = station_run(str(file), *where(server), "--id", "B", "--quiet")
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert f"{file}:6:5: step 3 (sent) failed" in ran.stderr
    assert "instead:  StartTransaction: answer.idTagInfo.status is Accepted, not Blocked" in ran.stderr
    assert "connector 1  Charging" in ran.stderr
    assert "-> StartTransaction connectorId=1 idTag=CARD-1" in ran.stderr


def test_report_on_stdout_is_json_alone(server: Serving):
    ran = station_run("nobody-plugs-in", *where(server), "--id", "C", "--json", "-")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["scenario"] == "nobody-plugs-in.yaml"


def test_without_an_api_it_says_what_to_do(server: Serving):
    ran = station_run("remote-start-stop", server.ocpp, "--api", "http://127.0.0.1:9", "--id", "D")
    assert ran.returncode == 1
    assert "say where it is with --api, or act yourself with --by-hand" in ran.stderr


def test_file_with_mistakes_is_refused_with_their_places_before_anything_runs(tmp_path: Path):
    file = tmp_path / "wrong.yaml"
    file.write_text("about: x\nsteps:\n  - plgu: 1\n  - wait: {status: Chargin}\n")
    ran = station_run(str(file))
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert f"{file}:3:5: no step is called 'plgu'; did you mean 'plug'?" in ran.stderr
    assert f"{file}:4:20: " in ran.stderr


def test_list_check_and_show_need_no_central_system():
    listed = station_run("--list")
    assert [line.split()[0] for line in listed.stdout.splitlines()] == list(shipped_texts())
    assert station_run("local-rfid", "--check").stdout.startswith("local-rfid.yaml: can be run: A driver")
    assert station_run("local-rfid", "--show").stdout == shipped_texts()["local-rfid"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "name a scenario: a file, or one of 'voltline station run --list'"),
        (("local-rfdi",), "no scenario is called 'local-rfdi'. Did you mean 'local-rfid'?"),
        (("nowhere.yaml",), "nowhere.yaml cannot be read: No such file or directory"),
        (("local-rfid", "http://127.0.0.1"), "ws://"),
        (("local-rfid", "--json", "/nowhere/report"), "--json /nowhere/report: there is no folder /nowhere"),
        (("local-rfid", "--api", "127.0.0.1:8080"), "is no address of the REST API"),
    ],
)
def test_wrong_call_is_one_sentence_and_no_traceback(arguments: tuple[str, ...], told: str):
    ran = station_run(*arguments)
    assert ran.returncode == 2
    assert told in ran.stderr
    assert "Traceback" not in ran.stderr
