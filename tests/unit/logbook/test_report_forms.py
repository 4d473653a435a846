"""CSV, JUnit and SARIF: what their readers demand of them, and that they say what was found."""

import csv
import io
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest
from tests.unit.logbook.steve_log import STATIONS, TAG, full_log

from voltline.inspection.chronicle import NOT_KEPT, State
from voltline.inspection.findings import Severity
from voltline.inspection.registry import all_detectors
from voltline.logbook.baseline import fingerprint
from voltline.logbook.frames import seen_in
from voltline.logbook.inspecting import inspect
from voltline.logbook.opening import sources
from voltline.logbook.reports.as_csv import TABLES, csv_table
from voltline.logbook.reports.as_junit import junit_report
from voltline.logbook.reports.as_sarif import sarif_report
from voltline.logbook.result import Result

DETECTORS = all_detectors()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return full_log().write(tmp_path / "steve.log")


@pytest.fixture
def result(log: Path) -> Result:
    return inspect([log])


def rows(name: str, result: Result, log: Path) -> list[dict[str, str]]:
    written = b"".join(csv_table(name, result, lambda: seen_in(sources([log])))).decode()
    assert written.endswith("\r\n")
    read = list(csv.DictReader(io.StringIO(written, newline="")))
    assert all(None not in row and None not in row.values() for row in read), "every row has every column"
    return read


# ---- CSV


def test_each_finding_is_a_row_that_says_where_it_is(result: Result, log: Path) -> None:
    read = rows("findings", result, log)
    assert [row["id"] for row in read] == [one.detector for one in result.inspected.findings]
    (unanswered,) = (row for row in read if row["id"] == "R01")
    assert (unanswered["severity"], unanswered["count"], unanswered["station"]) == ("error", "2", STATIONS[1])
    assert unanswered["file"] == str(log)
    assert "StopTransaction" in log.read_text().splitlines()[int(unanswered["line"]) - 1]


def test_each_session_is_a_row_with_its_energy(result: Result, log: Path) -> None:
    read = rows("sessions", result, log)
    assert [row["energy_wh"] for row in read] == ["5000", "5000", "5000"]
    assert read[0]["id_tag"] == TAG
    assert (read[0]["started_at"], read[0]["duration_s"]) == ("2026-03-01T08:10:10.800000Z", "301.2")


def test_each_frame_is_a_row_with_its_pairing(result: Result, log: Path) -> None:
    read = rows("frames", result, log)
    assert len(read) == result.frames
    assert (read[0]["type"], read[0]["action"], read[0]["pairing"]) == ("CALL", "BootNotification", "call")
    assert (read[1]["type"], read[1]["action"], read[1]["took_s"]) == (
        "CALLRESULT",
        "BootNotification",
        "0.2",
    )
    assert read[1]["text"].startswith('[3,"m1"')


def test_each_charge_point_is_a_row_of_the_fleet(result: Result, log: Path) -> None:
    quiet, busy = rows("fleet", result, log)
    assert (quiet["station"], quiet["vendor"], quiet["firmware"]) == (STATIONS[0], "Acme", "1.2.3.4")
    assert (quiet["sessions"], quiet["worst_id"], quiet["connected_percent"]) == ("0", "", "100.0")
    assert (busy["sessions"], busy["energy_wh"], busy["error"], busy["critical"]) == (
        "3",
        "15000.0",
        "2",
        "0",
    )
    assert busy["worst_id"] in ("R01", "F03")
    assert (busy["connections"], busy["in_order_percent"]) == ("2", "100.0")
    assert 97 < float(busy["connected_percent"]) < 99  # away for one minute of 48


def test_time_of_which_no_states_are_kept_is_neither_in_nor_out_of_order(result: Result, log: Path) -> None:
    (quiet, _) = result.inspected.stations
    begin = quiet.first_at
    assert begin is not None
    times = (begin, begin + timedelta(minutes=1), begin + timedelta(minutes=2))
    names = ("Available", "Faulted", NOT_KEPT)
    quiet.states = {1: [State(at, name, "") for at, name in zip(times, names, strict=True)]}
    quiet.last_at = begin + timedelta(hours=9)
    assert rows("fleet", result, log)[0]["in_order_percent"] == "50.0"


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    evil = '=HYPERLINK("http://evil")'
    log = full_log()
    log.of("=cmd|' /C calc'!A0").ask(
        "Authorize", json.dumps({"idTag": evil}), '{"idTagInfo":{"status":"Invalid"}}'
    )
    path = log.write(tmp_path / "=1+1.log")
    result = inspect([path])
    result.inspected.sessions[0].id_tag = "@SUM(A1)"
    for name in TABLES:
        for row in rows(name, result, path):
            assert [
                cell for cell in row.values() if re.match(r"[=+\-@\t\r]", cell) and not _number(cell)
            ] == []


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


# ---- JUnit


def test_each_detector_is_a_test_of_each_charge_point(result: Result) -> None:
    root = Xml.fromstring(junit_report(result, DETECTORS, Severity.ERROR))
    assert [suite.get("name") for suite in root] == list(STATIONS)
    for suite in root:
        cases = suite.findall("testcase")
        assert len(cases) == len(DETECTORS) == int(suite.get("tests", ""))
        assert len({(case.get("classname"), case.get("name")) for case in cases}) == len(cases)
        assert len(suite.findall("testcase/failure")) == int(suite.get("failures", ""))
        properties = {one.get("name"): one.get("value") for one in suite.findall("properties/property")}
        assert (properties["vendor"], properties["model"]) == ("Acme", "M 2")
    assert (root.get("tests"), root.get("failures")) == (str(2 * len(DETECTORS)), "2")


def test_only_what_counts_is_a_failure_and_the_rest_is_output(result: Result) -> None:
    strict = Xml.fromstring(junit_report(result, DETECTORS, Severity.INFO))
    lenient = Xml.fromstring(junit_report(result, DETECTORS, Severity.CRITICAL))
    found = {one.detector for one in result.inspected.findings}
    assert len(list(strict.iter("failure"))) == len(found)
    assert len(list(lenient.iter("failure"))) == 0
    assert len(list(lenient.iter("system-out"))) == len(found)
    (failure,) = (one for one in strict.iter("testcase") if (one.get("name") or "").startswith("R01")
                  and one.find("failure") is not None)  # fmt: skip
    assert failure.get("file", "").endswith("steve.log")
    assert "x2" in (failure.findtext("failure") or "")


def test_what_xml_forbids_is_replaced(tmp_path: Path) -> None:
    log = full_log()
    log.of("CP\x01\ufffe").ask("Nonsense\\u0000", '{"a":"\x02 <b>]]>&"}', None)
    result = inspect([log.write(tmp_path / "a.log")])
    result.inspected.findings[0].text = "\x00\x1b[31m <evil/> ]]> \ud800"
    root = Xml.fromstring(junit_report(result, DETECTORS, Severity.INFO))
    assert any("<evil/> ]]> \ufffd" in (one.get("message") or "") for one in root.iter("failure"))


def test_a_file_that_cannot_be_read_is_a_test_in_error(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    root = Xml.fromstring(junit_report(inspect([picture]), DETECTORS, Severity.ERROR))
    assert (root.get("errors"), root.get("tests")) == ("1", "1")
    assert "a picture" in (next(root.iter("error")).get("message") or "")


# ---- SARIF


def sarif(result: Result, here: Path) -> dict[str, Any]:
    log = json.loads(sarif_report(result, DETECTORS, here))
    assert isinstance(log, dict)
    return log


def test_the_log_keeps_the_rules_of_sarif(result: Result, tmp_path: Path) -> None:
    log = sarif(result, tmp_path)
    assert (log["version"], set(log)) == ("2.1.0", {"$schema", "version", "runs"})
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"]
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", driver["semanticVersion"])
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(ids) == len(set(ids)) == len(DETECTORS)
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"]
        assert rule["fullDescription"]["text"]
        assert rule["help"]["text"]
        assert rule["defaultConfiguration"]["level"] in {"none", "note", "warning", "error"}
    assert run["results"]
    for one in run["results"]:
        assert ids[one["ruleIndex"]] == one["ruleId"]
        assert one["level"] in {"none", "note", "warning", "error"}
        assert one["message"]["text"]
        assert one["occurrenceCount"] >= 1
        for location in (*one["locations"], *one["relatedLocations"]):
            place = location["physicalLocation"]
            assert place["region"]["startLine"] >= 1
            assert not re.search(r"[\s\\]", place["artifactLocation"]["uri"])
        assert all(isinstance(value, str) for value in one["partialFingerprints"].values())
    assert run["invocations"][0]["executionSuccessful"] is True
    assert run["columnKind"] in {"utf16CodeUnits", "unicodeCodePoints"}


def test_files_below_here_are_relative_and_others_are_addresses(tmp_path: Path) -> None:
    folder = tmp_path / "a b"
    folder.mkdir()
    result = inspect([full_log().write(folder / "ä #1.log")])

    def uri(here: Path) -> str:
        location = sarif(result, here)["runs"][0]["results"][0]["locations"][0]
        return str(location["physicalLocation"]["artifactLocation"]["uri"])

    assert uri(tmp_path) == "a%20b/%C3%A4%20%231.log"
    assert uri(tmp_path / "elsewhere") == (folder / "ä #1.log").as_uri()


def test_a_result_bears_its_fingerprint_and_the_line_that_shows_it(result: Result, log: Path) -> None:
    told = sarif(result, log.parent)["runs"][0]["results"]
    for one, finding in zip(told, result.inspected.findings, strict=True):
        assert one["partialFingerprints"] == {"voltlineFinding/v1": fingerprint(finding)}
        if finding.evidence:
            region = one["locations"][0]["physicalLocation"]["region"]
            assert (region["startLine"], region["snippet"]["text"]) == (
                finding.evidence[0].line,
                finding.evidence[0].text,
            )
