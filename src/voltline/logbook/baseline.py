"""What was known before: findings of a former report, told from new ones by what they are, not where."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from voltline.inspection.findings import Finding

__all__ = ["Against", "Known", "UnusableBaseline", "fingerprint", "known_in", "only_new"]


class UnusableBaseline(Exception):
    """The file is no former report: what, where, what to do."""


class Known(msgspec.Struct, frozen=True):
    """A finding of the former report."""

    id: str
    title: str
    station: str
    connector: int | None
    fingerprint: str


class Against(msgspec.Struct):
    """What became of the findings of the former report."""

    file: str
    known: int
    """Findings that stand in it, and are left out here."""
    gone: list[Known]
    """Findings that stand in it and were not found again."""


def fingerprint(finding: Finding) -> str:
    """Names the fault: 32 hexadecimal digits, the same wherever and whenever it comes again.

    It is made of detector, station, connector, title and the action or kind of the first line of evidence:
    of nothing that changes from one recording to the next, as lines, times, message ids and counts do.
    """
    subject = _subject(finding.evidence[0].text) if finding.evidence else ""
    return _hashed(finding.detector, finding.station, finding.connector, finding.title, subject)


def known_in(path: Path) -> list[Known]:
    """The findings of a report that `--format json` or `--write-baseline` wrote.

    Raises UnusableBaseline where there is none, or it is something else.
    """
    try:
        return _read(path.read_bytes()).findings
    except OSError as fault:
        raise UnusableBaseline(
            f"{path}: the baseline cannot be read ({fault.strerror}); --write-baseline writes one"
        ) from None
    except msgspec.MsgspecError as fault:
        raise UnusableBaseline(
            f"{path}: this is no report of voltline inspect --format json ({fault}); "
            "--write-baseline writes one"
        ) from None


def only_new(findings: Iterable[Finding], known: Iterable[Known], file: str) -> tuple[list[Finding], Against]:
    """The findings that the former report does not have, and what became of those that it has."""
    waiting = {one.fingerprint: one for one in known}
    new = []
    again = set()
    for finding in findings:
        name = fingerprint(finding)
        if name in waiting:
            again.add(name)
        else:
            new.append(finding)
    gone = [one for name, one in waiting.items() if name not in again]
    return new, Against(file, len(again), gone)


class _Report(msgspec.Struct):
    findings: list[Known]


_read = msgspec.json.Decoder(_Report).decode


def _subject(text: str) -> str:
    """The action of a CALL, the code of a CALLERROR; of other lines nothing that would stay the same."""
    head = text[:120].split('"')
    return head[3] if len(head) > 4 and head[0].strip(" [") in ("2,", "4,") else ""


def _hashed(*parts: Any) -> str:
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:32]
