"""Known findings are known again, wherever and whenever they come back."""

from pathlib import Path

import pytest
from tests.unit.logbook.steve_log import KEY, SteveLog, full_log

from voltline.logbook.baseline import UnusableBaseline, fingerprint, known_in, only_new
from voltline.logbook.inspecting import inspect
from voltline.logbook.reports.as_json import json_report


def baseline_of(log: SteveLog, folder: Path) -> Path:
    path = folder / "baseline.json"
    path.write_bytes(b"".join(json_report(inspect([log.write(folder / "before.log")]))))
    return path


def test_the_same_faults_on_other_lines_and_days_are_known(tmp_path: Path) -> None:
    known = known_in(baseline_of(full_log(), tmp_path))
    later = SteveLog().later(86_400 * 30 + 17)
    later.say("Received: ", "no frame").say("Received: ", "no frame")
    moved = full_log()
    text = "\n".join(later.lines + [line.replace("2026-03-01", "2026-04-02") for line in moved.lines])
    path = tmp_path / "after.log"
    path.write_text(text.replace("2026-03-01T", "2026-04-02T") + "\n")
    findings = inspect([path]).inspected.findings
    new, against = only_new(findings, known, "baseline.json")
    assert new == []
    assert against.known == len(findings) > 2
    assert against.gone == []


def test_a_new_fault_is_told_and_one_that_has_gone_too(tmp_path: Path) -> None:
    known = known_in(baseline_of(full_log(), tmp_path))
    log = full_log().ask("ChargePointDance", "{}", None)
    log.lines = [line.replace(KEY, "****") for line in log.lines]
    findings = inspect([log.write(tmp_path / "after.log")]).inspected.findings
    new, against = only_new(findings, known, "baseline.json")
    assert "R08" in {one.detector for one in new}
    assert not {"R01"} & {one.detector for one in new}
    assert "F03" in {one.id for one in against.gone}


def test_the_same_fault_of_another_station_or_connector_is_another_one(tmp_path: Path) -> None:
    findings = inspect([full_log().write(tmp_path / "a.log")]).inspected.findings
    names = [fingerprint(one) for one in findings]
    assert len(set(names)) == len(names)
    for one in findings:
        before = fingerprint(one)
        one.connector = 7
        assert fingerprint(one) != before


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"hello", b'{"findings":[{"id":1}]}'])
def test_what_is_no_report_is_said(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    path.write_bytes(content)
    with pytest.raises(UnusableBaseline, match="no report of voltline inspect"):
        known_in(path)


def test_a_baseline_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnusableBaseline, match="--write-baseline writes one"):
        known_in(tmp_path / "nope.json")
