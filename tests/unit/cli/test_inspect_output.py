"""What `voltline inspect` writes, where to, and what it refuses; baselines and pseudonyms."""

import io
import json
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest
from tests.unit.logbook.steve_log import HIDDEN, KEY, STATIONS, TAG, full_log

from voltline.cli.main import run


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return full_log().write(tmp_path / "steve.log")


def report(path: Path) -> Any:
    return json.loads(path.read_bytes())


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("a.json", b"{\n"),
        ("a.html", b"<!doctype html>"),
        ("a.xml", b"<?xml"),
        ("a.sarif", b"{\n"),
        ("a.jsonl", b'{"schemaVersion":"1.1"'),
        ("a.txt", b"1 file, "),
    ],
)
def test_the_ending_of_the_file_says_the_form(log: Path, name: str, begins: bytes) -> None:
    path = log.with_name(name)
    assert run(["inspect", str(log), "--output", str(path)]) == 4
    assert path.read_bytes().startswith(begins)
    assert sorted(one.name for one in log.parent.iterdir()) == sorted([log.name, name]), (
        "no part is left behind"
    )


def test_a_form_that_is_named_wins_over_the_ending(log: Path) -> None:
    path = log.with_name("a.txt")
    run(["inspect", str(log), "--output", str(path), "--format", "junit"])
    assert Xml.parse(path).getroot().tag == "testsuites"


def test_csv_is_one_table_or_a_folder_of_all(log: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["inspect", str(log), "--table", "fleet"]) == 4
    out = capsysbinary.readouterr().out
    assert out.startswith(b"station,vendor,")
    folder = log.parent / "tables" / "of today"
    assert run(["inspect", str(log), "--format", "csv", "-o", str(folder)]) == 4
    names = ["fleet.csv", "findings.csv", "frames.csv", "sessions.csv"]
    assert sorted(one.name for one in folder.iterdir()) == sorted(names)
    assert (folder / "fleet.csv").read_bytes() == out
    single = log.with_name("one.csv")
    assert run(["inspect", str(log), "--table", "fleet", "-o", str(single)]) == 4
    assert single.read_bytes() == out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--format", "pdf"], "there are text, json, html, csv, junit, sarif, trace"),
        (["--format", "csv"], "needs a table (--table findings|sessions|frames|fleet) or --output FOLDER"),
        (["--table", "cars"], "there are findings, sessions, frames, fleet"),
        (["--format", "json", "--table", "fleet"], "--table is for --format csv, not for json"),
        (["--output", "{folder}"], "this is a folder; give the name of a file in it"),
        (["--output", "{folder}/no/such.json"], "no such folder to write to; make it first"),
        (["--format", "csv", "--output", "{log}"], "this is a file; name a table by --table"),
        (["--baseline", "{folder}/nope.json"], "--write-baseline writes one"),
        (["--baseline", "{log}"], "no report of voltline inspect"),
        (["--anonymize", "--baseline", "{log}"], "a baseline needs --anonymize-key"),
        (["--anonymize", "--anonymize-key", " "], "--anonymize-key is empty"),
    ],
)
def test_what_cannot_be_written_is_said_before_anything_is_read(
    log: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    filled = [one.format(folder=log.parent, log=log) for one in arguments]
    before = log.read_bytes()
    assert run(["inspect", str(log), *filled]) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert (told.err.count("\n"), told.out) == (1, "")
    assert log.read_bytes() == before


def test_a_full_disk_leaves_the_former_report_as_it_was(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = log.with_name("report.json")
    path.write_text("former")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert run(["inspect", str(log), "--output", str(path)]) == 2
    assert path.read_text() == "former"
    assert len(list(log.parent.iterdir())) == 2


def test_a_page_is_not_thrown_at_a_terminal(
    log: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert run(["inspect", str(log), "--format", "html"]) == 2
    assert "give it a file: --output report.html" in capsys.readouterr().err


def test_standard_input_can_be_traced(
    log: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    piped = io.TextIOWrapper(io.BytesIO(log.read_bytes()))
    monkeypatch.setattr(sys, "stdin", piped)
    assert run(["inspect", "-", "--format", "trace"]) == 4
    lines = capsysbinary.readouterr().out.splitlines()
    assert len(lines) == len(log.read_text().splitlines())
    assert json.loads(lines[0])["voltline"]["file"] == "standard input"


# ---- baseline


def test_a_baseline_leaves_only_what_is_new(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known = log.with_name("known.json")
    assert run(["inspect", str(log), "--write-baseline", str(known)]) == 4
    capsys.readouterr()
    assert run(["inspect", str(log), "--baseline", str(known)]) == 0
    count = len(report(known)["findings"])
    told = capsys.readouterr().out
    assert f"{count} known left out, 0 gone" in told
    assert "Findings: none" in told
    changed = full_log().ask("ChargePointDance", "{}")
    changed.lines = [line.replace(KEY, "****") for line in changed.lines]
    after = changed.write(log.with_name("after.log"))
    assert run(["inspect", str(after), "--baseline", str(known)]) in (3, 4)
    told = capsys.readouterr().out
    assert "R08 " in told
    assert "R01" not in told
    assert "gone: Key in clear in the log" in told


@pytest.mark.parametrize("form", ["json", "html", "junit", "sarif", "csv"])
def test_a_baseline_works_with_every_form(log: Path, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    known = log.with_name("known.json")
    run(["inspect", str(log), "--write-baseline", str(known)])
    path = log.with_name("out")
    table = ["--table", "findings"] if form == "csv" else []
    capsys.readouterr()
    assert (
        run(["inspect", str(log), "--baseline", str(known), "--format", form, *table, "-o", str(path)]) == 0
    )
    assert "known left out, 0 gone" in capsys.readouterr().err
    text = path.read_text()
    if form == "json":
        told = report(path)
        assert told["findings"] == []
        assert told["baseline"]["known"] == len(report(known)["findings"])
    elif form == "csv":
        assert len(text.splitlines()) == 1
    elif form == "junit":
        assert "<failure" not in text
    elif form == "sarif":
        assert report(path)["runs"][0]["results"] == []


# ---- anonymized


def test_the_same_key_gives_the_same_names_in_every_run(
    log: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    paths = [tmp_path / f"{number}.json" for number in range(4)]
    for path, key in zip(paths, (["--anonymize-key", "k"], ["--anonymize-key", "k"], [], []), strict=True):
        assert run(["inspect", str(log), "--anonymize", *key, "-o", str(path)]) == 4
    tags = [report(path)["sessions"][0]["id_tag"] for path in paths]
    assert tags[0] == tags[1]
    assert len({*tags}) == 3
    monkeypatch.setenv("VOLTLINE_ANONYMIZE_KEY", "k")
    assert run(["inspect", str(log), "--anonymize", "-o", str(paths[3])]) == 4
    assert report(paths[3])["sessions"][0]["id_tag"] == tags[0]


def test_an_anonymized_report_has_the_findings_and_none_of_the_names(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["inspect", str(log)]) == 4
    clear = capsys.readouterr().out
    assert run(["inspect", str(log), "--anonymize"]) == 4
    hidden = capsys.readouterr().out
    assert TAG in clear
    assert STATIONS[1] in clear
    assert [value for value in HIDDEN if value.lower() in hidden.lower()] == []
    for title in ("Unanswered StopTransaction x2", "Key in clear in the log"):
        assert title in clear
        assert title in hidden


def test_an_anonymized_baseline_is_known_again_with_its_key(log: Path) -> None:
    known = log.with_name("known.json")
    key = ["--anonymize", "--anonymize-key", "k"]
    assert run(["inspect", str(log), *key, "--write-baseline", str(known)]) == 4
    assert TAG not in known.read_text()
    assert run(["inspect", str(log), *key, "--baseline", str(known)]) == 0
