"""SARIF 2.1.0, which GitHub's code scanning and editors show beside the lines of a file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec

import voltline
from voltline.inspection.detector import Detector
from voltline.inspection.findings import Evidence, Finding, Severity
from voltline.logbook.baseline import fingerprint
from voltline.logbook.result import Result

__all__ = ["sarif_report"]

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
FINGERPRINT: Final = "voltlineFinding/v1"
_LEVELS: Final = {
    Severity.INFO: "note",
    Severity.WARNING: "warning",
    Severity.ERROR: "error",
    Severity.CRITICAL: "error",
}


def sarif_report(result: Result, detectors: Sequence[type[Detector]], here: Path) -> bytes:
    """The report as JSON, with a line end. Files below `here` are named relative to it."""
    rules = {one.id: number for number, one in enumerate(detectors)}
    findings = result.inspected.findings
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "Voltline",
                "semanticVersion": voltline.__version__,
                "rules": [_rule(one) for one in detectors],
            }
        },
        "automationDetails": {"id": "voltline-inspect/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not result.problems,
                "toolExecutionNotifications": [
                    {"level": "error", "message": {"text": problem}} for problem in result.problems
                ],
            }
        ],
        "results": [_result(one, rules, here, new=result.against is not None) for one in findings],
        "properties": {"lines": result.lines, "frames": result.frames, "skipped": result.skipped},
    }
    if result.against is not None:
        run["properties"]["baseline"] = msgspec.to_builtins(result.against)
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(log), indent=1) + b"\n"


def _rule(detector: type[Detector]) -> dict[str, Any]:
    basis = "; ".join(detector.basis)
    help_text = f"{detector.explanation}\n\nWhat to do ({detector.who}): {detector.next_step}" + (
        f"\n\nBasis: {basis}" if basis else ""
    )
    return {
        "id": detector.id,
        "name": detector.__name__,
        "shortDescription": {"text": detector.title},
        "fullDescription": {"text": detector.explanation},
        "help": {"text": help_text, "markdown": help_text},
        "defaultConfiguration": {"level": _LEVELS[detector.severity]},
        "properties": {"tags": ["ocpp", str(detector.who)], "basis": list(detector.basis)},
    }


def _result(finding: Finding, rules: dict[str, int], here: Path, *, new: bool) -> dict[str, Any]:
    where = "" if finding.connector is None else f", connector {finding.connector}"
    told: dict[str, Any] = {
        "ruleId": finding.detector,
        "level": _LEVELS[finding.severity],
        "message": {
            "text": f"{finding.title} ({finding.station}{where}). {finding.text} {finding.next_step}"
        },
        "locations": [_location(one, here) for one in finding.evidence[:1]],
        "relatedLocations": [
            {"id": number, **_location(one, here)} for number, one in enumerate(finding.evidence[1:], 1)
        ],
        "occurrenceCount": finding.count,
        "partialFingerprints": {FINGERPRINT: fingerprint(finding)},
        "properties": {
            "severity": str(finding.severity),
            "station": finding.station,
            "connector": finding.connector,
            "who": str(finding.who),
            "first_at": finding.first_at,
            "last_at": finding.last_at,
        },
    }
    if finding.detector in rules:
        told["ruleIndex"] = rules[finding.detector]
    if new:
        told["baselineState"] = "new"
    return told


def _location(evidence: Evidence, here: Path) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(evidence.source, here)},
            "region": {"startLine": max(evidence.line, 1), "snippet": {"text": evidence.text}},
        }
    }


def _uri(source: str, here: Path) -> str:
    path = Path(source)
    if not path.is_absolute():
        return quote(path.as_posix())
    try:
        return quote(path.relative_to(here).as_posix())
    except ValueError:
        return path.as_uri()
