"""JUnit XML, which Jenkins, GitLab and others show as tests: each detector is a test of each charge point."""

import re
from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree as Xml

from voltline.inspection.chronicle import StationSummary
from voltline.inspection.detector import Detector
from voltline.inspection.findings import Finding, Severity
from voltline.logbook.result import Result

__all__ = ["junit_report"]

_ILLEGAL: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 forbids, 2.2."""


def junit_report(result: Result, detectors: Sequence[type[Detector]], fail_on: Severity) -> bytes:
    """The report, with a line end. A test fails for findings of `fail_on` or worse; others are its output.

    A file that could not be read is a test in error.
    """
    root = Xml.Element("testsuites", name="voltline inspect")
    suites = [
        _suite(root, name, parts, _findings(result, name), detectors, fail_on)
        for name, parts in result.stations.items()
    ]
    if result.problems:
        suites.append(_unread(root, result))
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in suites)))
    root.set("time", f"{result.seconds:.3f}")
    Xml.indent(root)
    written: bytes = Xml.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _findings(result: Result, station: str) -> dict[str, list[Finding]]:
    """By detector, worst first."""
    found: dict[str, list[Finding]] = {}
    for finding in result.inspected.findings:
        if finding.station == station:
            found.setdefault(finding.detector, []).append(finding)
    return found


def _suite(
    root: Xml.Element,
    station: str,
    parts: Sequence[StationSummary],
    findings: dict[str, list[Finding]],
    detectors: Sequence[type[Detector]],
    fail_on: Severity,
) -> Xml.Element:
    suite = Xml.SubElement(root, "testsuite", name=_legal(station))
    properties = Xml.SubElement(suite, "properties")
    for name, value in (
        ("vendor", parts[-1].vendor),
        ("model", parts[-1].model),
        ("firmware", parts[-1].firmware),
        ("frames", sum(part.frames for part in parts)),
        ("sessions", sum(part.sessions for part in parts)),
        ("boots", sum(part.boots for part in parts)),
    ):
        if value is not None:
            Xml.SubElement(properties, "property", name=name, value=_legal(str(value)))
    failures = 0
    for detector in detectors:
        found = findings.get(detector.id, [])
        case = Xml.SubElement(
            suite,
            "testcase",
            classname=_legal(f"voltline.{station}"),
            name=_legal(f"{detector.id} {detector.title}"),
            time="0",
        )
        failures += _told(case, found, fail_on)
    _count(suite, len(detectors), failures, 0)
    return suite


def _told(case: Xml.Element, found: Sequence[Finding], fail_on: Severity) -> bool:
    """Put the findings into the test. Whether it fails."""
    if not found:
        return False
    # Most readers show one failure a test, so all of them are in it.
    text = _legal("\n\n".join(_text(one) for one in found))
    failed = found[0].severity.rank >= fail_on.rank
    if failed:
        worst = found[0]
        failure = Xml.SubElement(
            case, "failure", message=_legal(f"{worst.title}: {worst.text}"), type=str(worst.severity)
        )
        failure.text = text
        first = worst.evidence[0] if worst.evidence else None
        if first is not None:
            case.set("file", _legal(first.source))
            case.set("line", str(first.line))
    else:
        Xml.SubElement(case, "system-out").text = text
    return failed


def _text(finding: Finding) -> str:
    times = f" x{finding.count}" if finding.count > 1 else ""
    where = "" if finding.connector is None else f", connector {finding.connector}"
    lines = [f"{finding.severity.upper()} {finding.title}{times}{where}", finding.text]
    lines += [f"{one.source}:{one.line}: {one.text}" for one in finding.evidence]
    lines.append(f"{finding.who.capitalize()}: {finding.next_step}")
    if finding.basis:
        lines.append(f"Basis: {'; '.join(finding.basis)}")
    return "\n".join(lines)


def _unread(root: Xml.Element, result: Result) -> Xml.Element:
    suite = Xml.SubElement(root, "testsuite", name="files")
    for coverage in result.coverages:
        if coverage.problem is not None:
            case = Xml.SubElement(
                suite, "testcase", classname="voltline.files", name=_legal(coverage.source), time="0"
            )
            Xml.SubElement(case, "error", message=_legal(coverage.problem), type="unreadable")
    _count(suite, len(result.problems), 0, len(result.problems))
    return suite


def _count(suite: Xml.Element, tests: int, failures: int, errors: int) -> None:
    for name, count in (("tests", tests), ("failures", failures), ("errors", errors), ("skipped", 0)):
        suite.set(name, str(count))


def _legal(text: str) -> str:
    return _ILLEGAL.sub("\ufffd", text)
