"""What a tap tells, a line each, and how much has passed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from voltline.inspection.findings import Finding, Severity
from voltline.inspection.records import Direction
from voltline.tap.rules import Verdict
from voltline.tap.watch import NAMES, Counts, Line

__all__ = ["Screen", "counted", "summary"]

EXCERPT = 120
"""Characters of a frame that a line shows where the whole frame was not asked for."""
MOST_NAMED = 3
"""Charge points that a line of the sum names."""
_ARROWS = {Direction.FROM_STATION: "->", Direction.FROM_CENTRAL: "<-"}
_COLOURS = {Severity.WARNING: "yellow", Severity.ERROR: "red", Severity.CRITICAL: "magenta"}


class Screen:
    """Turns what happens into lines. `show` gets a line and its colour, empty for none."""

    def __init__(self, show: Callable[[str, str], None], *, frames: bool = False) -> None:
        """With `frames` every frame is a line too."""
        self._show = show
        self._frames = frames

    def opened(self, at: datetime, line: Line, remote: str, target: str, subprotocol: str | None) -> None:
        spoken = subprotocol or "no subprotocol"
        path = target.partition("?")[0]
        self._say(at, line.station, f"connected from {remote} to {path}, {spoken}", "green")

    def refused(self, at: datetime, station: str, remote: str, status: int, own: str | None) -> None:
        who = "refused by the central system" if own is None else "refused"
        why = "" if own is None else f": {own}"
        self._say(at, station, f"{who} with HTTP {status}{why} (from {remote})", "yellow")

    def frame(self, at: datetime, line: Line, direction: Direction, text: str) -> None:
        if self._frames:
            self._say(at, line.station, f"{_ARROWS[direction]} {text}", "")

    def ruled(self, at: datetime, line: Line, direction: Direction, text: str, verdict: Verdict) -> None:
        told = f"rule {verdict.rule!r}: {verdict.did} {_ARROWS[direction]} {_short(text)}"
        if verdict.back is not None:
            told += f" by {_short(verdict.back)}"
        elif verdict.did == "changed":
            told += f" to {_short(verdict.onward[0] or '')}"
        self._say(at, line.station, told, "cyan")

    def unseen(self, at: datetime, line: Line, direction: Direction, size: int) -> None:
        told = f"a message of {size:,} bytes from {NAMES[direction]} passed, too large to be looked at"
        self._say(at, line.station, told, "yellow")

    def found(self, at: datetime, finding: Finding) -> None:
        where = "" if finding.connector is None else f"connector {finding.connector}: "
        lines = ", ".join(f"{one.source}:{one.line}" for one in finding.evidence[:2])
        told = f"{finding.severity.upper()} {finding.detector} {finding.title}: {where}{finding.text}"
        self._say(
            at, finding.station, told + (f" [{lines}]" if lines else ""), _COLOURS.get(finding.severity, "")
        )

    def ended(self, at: datetime, line: Line, reason: str) -> None:
        self._say(at, line.station, f"{reason}; {_number(line.frames, 'frame')}", "green")

    def failed(self, at: datetime, text: str) -> None:
        self._say(at, "tap", text, "red")

    def _say(self, at: datetime, station: str, text: str, colour: str) -> None:
        self._show(f"{at.astimezone():%H:%M:%S} {station} {text}", colour)


def counted(counts: Counts, frames_per_s: float | None = None) -> str:
    """How much has passed, in a line."""
    said = [f"{_number(counts.stations, 'connection')} open", _number(counts.frames, "frame")]
    if frames_per_s is not None:
        said.append(f"{frames_per_s:,.0f} frames/s")
    said.append(_number(counts.findings, "finding"))
    if counts.refused:
        said.append(f"{counts.refused:,} refused")
    if counts.ruled:
        said.append(f"{_number(counts.ruled, 'frame')} under rules")
    return ", ".join(said)


def summary(findings: Sequence[Finding]) -> Iterator[str]:
    """A line a kind of finding: how bad, how often, where."""
    kinds: dict[tuple[Severity, str, str], list[Finding]] = {}
    for one in findings:
        kinds.setdefault((one.severity, one.detector, one.title), []).append(one)
    for (severity, detector, title), several in kinds.items():
        stations = sorted({one.station for one in several})
        where = ", ".join(stations[:MOST_NAMED])
        if len(stations) > MOST_NAMED:
            where += f" and {len(stations) - MOST_NAMED} more"
        times = sum(one.count for one in several)
        yield f"  {severity.upper():8} {detector} {title} x{times:,}  {where}"


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _short(text: str) -> str:
    return text if len(text) <= EXCERPT else text[: EXCERPT - 1] + "…"
