"""Line charts as SVG text: axes, a legend, and nothing that has to be fetched from anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import floor, log10

import msgspec

WIDTH, HEIGHT = 860, 260
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 34, 34
MOST_POINTS = 400
"""Of a line; more cannot be told apart."""


class Line(msgspec.Struct, frozen=True):
    """One line of a chart; a point without a value is a gap."""

    name: str
    colour: str
    values: Sequence[float | None]


def line_chart(title: str, unit: str, at_s: Sequence[float], lines: Sequence[Line]) -> str:
    """A chart of lines over the seconds `at_s`, from zero to a round number above the greatest value."""
    step = max(1, -(-len(at_s) // MOST_POINTS))
    at_s = at_s[::step]
    lines = [msgspec.structs.replace(line, values=_highest(line.values, step)) for line in lines]
    greatest = max((value for line in lines for value in line.values if value is not None), default=0.0)
    top, until_s = round_up(greatest), max(at_s, default=0.0) or 1.0

    def x(seconds: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * seconds / until_s

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top

    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">',
        f'<text class="title" x="{LEFT}" y="18">{escape(title)}</text>',
    ]
    for fifth in range(6):
        value = top * fifth / 5
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>'
        )
        parts.append(
            f'<text class="tick" text-anchor="end" x="{LEFT - 8}" y="{y(value) + 4:.1f}">{value:,g}</text>'
        )
        seconds = until_s * fifth / 5
        parts.append(
            f'<text class="tick" text-anchor="middle" x="{x(seconds):.1f}" y="{HEIGHT - 12}">'
            f"{_clock(seconds)}</text>"
        )
    legend = WIDTH - RIGHT
    for line in reversed(lines):
        legend -= 26 + 7 * len(line.name)
        parts.append(f'<rect x="{legend}" y="9" width="12" height="10" rx="2" fill="{line.colour}"/>')
        parts.append(f'<text class="tick" x="{legend + 16}" y="18">{escape(line.name)}</text>')
    parts.append(f'<text class="tick" x="4" y="{TOP - 8}">{escape(unit)}</text>')
    for line in lines:
        for points in _runs(at_s, line.values):
            drawn = " ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in points)
            parts.append(f'<polyline fill="none" stroke="{line.colour}" stroke-width="2" points="{drawn}"/>')
    return "".join([*parts, "</svg>"])


def round_up(value: float) -> float:
    """The least of 1, 2, 2.5 and 5 times a power of ten that is not below this; 1 for nothing."""
    if value <= 0:
        return 1.0
    power = 10.0 ** floor(log10(value))
    return next(power * factor for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if power * factor >= value)


def _highest(values: Sequence[float | None], step: int) -> list[float | None]:
    """Of each `step` values the highest, so that no peak is lost."""
    chunks = (values[start : start + step] for start in range(0, len(values), step))
    return [max((one for one in chunk if one is not None), default=None) for chunk in chunks]


def _runs(at_s: Sequence[float], values: Sequence[float | None]) -> list[list[tuple[float, float]]]:
    runs: list[list[tuple[float, float]]] = [[]]
    for at, value in zip(at_s, values, strict=True):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((at, value))
    return [run for run in runs if run]


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
