"""The page docs/reference/detectors.md, made from the detectors.

`python -m voltline.inspection.detectors_page > docs/reference/detectors.md` writes it anew; a test compares.
"""

import sys
from collections.abc import Iterator, Sequence
from itertools import groupby

from voltline.inspection import detectors
from voltline.inspection.detector import Detector
from voltline.inspection.registry import all_detectors
from voltline.inspection.thresholds import thresholds_of

__all__ = ["page"]

_GROUPS = {
    "P": "Frames and the log",
    "R": "Calls and answers",
    "S": "Payloads",
    "V": "Values that the message reference has rules for",
    "C": "Connection, boot and configuration",
    "K": "Clocks",
    "T": "Sessions and authorization",
    "X": "States",
    "M": "Meter values",
    "G": "Charging limits",
    "F": "Firmware, files and security",
    "D": "Vendor's own lines",
}
_OTHERS = "Others"

_HEAD = """\
# Detectors

What `voltline inspect` and the central system's live inspection look for. `voltline explain R01` prints one
of these in the terminal. Each is told once a charge point, connector and title, with a count, its first and
last time, and the lines that show it.

Severities: **critical** costs money or the whole charge point; **error** is a session or a message that went
wrong; **warning** is a breach that will hurt sooner or later; **info** is good to know, and no alarm. A
finding may be milder or worse than its detector where the case is, as its explanation says.

Nothing is concluded from what a log does not hold: what began before it or ends after it is unknown; a frame
that the log cut is told as cut (P02) and its payload is not judged; a side that was not recorded is told once
instead of a row of missing answers (R01, R02). The same frame from two loggers counts once: P04, which some
lists have for it, is no finding here.

Every threshold can be set: `voltline inspect --set R03.after_s=5 FILE`.

A detector of one's own is one file with a subclass of `voltline.inspection.detector.Detector`, in a folder
that `--detectors` names or in an installed package under the entry point `voltline.detectors`.
"""


def page() -> str:
    """The whole page, in Markdown: the detectors of this package, whatever others are installed."""
    own = [one for one in all_detectors() if one.__module__.startswith(f"{detectors.__name__}.")]
    return "\n".join([_HEAD, *_overview(own), *_groups(own)]).rstrip() + "\n"


def _overview(found: Sequence[type[Detector]]) -> Iterator[str]:
    yield "| id | title | severity | who should act |"
    yield "|---|---|---|---|"
    for one in found:
        yield f"| [{one.id}](#{_anchor(one)}) | {_cell(one.title)} | {one.severity} | {one.who} |"
    yield ""


def _groups(found: Sequence[type[Detector]]) -> Iterator[str]:
    order = [*_GROUPS.values(), _OTHERS]
    for name, members in groupby(sorted(found, key=lambda one: order.index(_group(one))), _group):
        yield f"## {name}\n"
        for one in members:
            yield from _section(one)


def _group(one: type[Detector]) -> str:
    return _GROUPS.get(one.id[:1], _OTHERS)


def _section(one: type[Detector]) -> Iterator[str]:
    yield f"### {_heading(one)}\n"
    yield f"{one.explanation}\n"
    yield f"- Severity: {one.severity}"
    yield f"- Who should act: {one.who}"
    yield f"- What to do: {one.next_step}"
    if one.basis:
        yield f"- Basis: {'; '.join(one.basis)}"
    yield ""
    thresholds = list(thresholds_of(one))
    if thresholds:
        yield "| setting | default | meaning |"
        yield "|---|---|---|"
        for setting in thresholds:
            default = f"{setting.default} {setting.unit}".rstrip()
            yield f"| `{one.id}.{setting.name}` | {_cell(default)} | {_cell(setting.meaning)} |"
        yield ""


def _heading(one: type[Detector]) -> str:
    return f"{one.id} {one.title}"


def _anchor(one: type[Detector]) -> str:
    """As Markdown renderers make it of the heading."""
    kept = "".join(c for c in _heading(one).lower() if c.isalnum() or c in " -_")
    return kept.replace(" ", "-")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(page())
