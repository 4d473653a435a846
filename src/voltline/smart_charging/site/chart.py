"""A site over time as a picture: what its lines had, what was promised, what flowed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from voltline.smart_charging.site.history import History, Moment
from voltline.smart_charging.site.picture import Box, Picture, Rule, Stairs, Words, svg

WIDTH = 1100
_PANEL, _GAP, _LEFT, _RIGHT, _TOP, _BOTTOM = 190, 34, 58, 16, 78, 34
_MOST_POINTS = 1600
_CAPACITY, _PROMISED, _MEASURED, _OVER = "#b3261e", "#7aa7d9", "#1b4f8a", "#d93025"
_INK, _FAINT, _GRID, _DAY = "#333333", "#555555", "#e4e4e4", "#cccccc"


def chart(history: History, lines: Sequence[str] = ()) -> str:
    """`drawing` as SVG. Raises ValueError as that does."""
    return svg(drawing(history, lines))


def drawing(history: History, lines: Sequence[str] = ()) -> Picture:
    """The picture of lines such as `grid, L1`, or of fuses such as `grid`; else of the first fuse.

    Raises:
        ValueError: a line is not there, or nothing was recorded.
    """
    chosen = _chosen(history, lines)
    if not history.moments:
        raise ValueError("nothing was recorded; let the site run for a while")
    moments = _thinned(history.moments)
    height = _TOP + len(chosen) * (_PANEL + _GAP) - _GAP + _BOTTOM
    span = (
        f"{_local(history, moments[0]):%a %Y-%m-%d %H:%M} to {_local(history, moments[-1]):%a %Y-%m-%d %H:%M}"
    )
    shapes: list[Box | Rule | Stairs | Words] = [
        Words(_LEFT, 22, history.site, size=16, bold=True),
        Words(WIDTH - _RIGHT, 22, f"{span}, {history.zone}", _FAINT, anchor="end"),
        *_legend(),
    ]
    for number, line in enumerate(chosen):
        shapes += _panel(history, moments, line, _TOP + number * (_PANEL + _GAP))
    shapes += _days(history, moments, height)
    title = f"{history.site}: capacity, allocation and measured draw"
    return Picture(title, WIDTH, height, shapes)


def _chosen(history: History, names: Sequence[str]) -> list[int]:
    if not names:
        return list(range(min(3, len(history.lines))))
    found: list[int] = []
    for name in names:
        matching = [
            number for number, line in enumerate(history.lines) if name in (line, line.rpartition(", ")[0])
        ]
        if not matching:
            raise ValueError(f"no line or fuse is called {name!r}; there are {'; '.join(history.lines)}")
        found += matching
    return found


def _thinned(moments: Sequence[Moment]) -> list[Moment]:
    """At most so many as can be told apart: of several the lowest capacity, and the most of the others."""
    size = len(moments) // _MOST_POINTS + 1
    if size == 1:
        return list(moments)
    return [
        Moment(
            group[-1].at,
            tuple(min(one) for one in zip(*(moment.capacity_a for moment in group), strict=True)),
            tuple(max(one) for one in zip(*(moment.promised_a for moment in group), strict=True)),
            tuple(max(one) for one in zip(*(moment.measured_a for moment in group), strict=True)),
        )
        for start in range(0, len(moments), size)
        if (group := moments[start : start + size])
    ]


def _legend() -> Iterator[Box | Words]:
    x = _LEFT
    for colour, label in (
        (_CAPACITY, "capacity"),
        (_PROMISED, "allocated: the most that may be drawn"),
        (_MEASURED, "drawn"),
    ):
        yield Box(x, 34, 14, 8, colour)
        yield Words(x + 20, 42, label, _INK)
        x += 40 + 7 * len(label)


def _panel(
    history: History, moments: Sequence[Moment], line: int, top: int
) -> Iterator[Box | Rule | Stairs | Words]:
    # What is promised may be far beyond it: before charge points have their fail-safe defaults.
    most = 1.15 * max(max(one.capacity_a[line], one.measured_a[line]) for one in moments)
    step = _step(most)
    scale = _PANEL / (most or 1.0)
    bottom = top + _PANEL
    yield Words(_LEFT, top - 6, history.lines[line], bold=True)
    level = 0.0
    while level <= most:
        y = bottom - level * scale
        yield Rule(_LEFT, y, WIDTH - _RIGHT, y, _GRID)
        yield Words(_LEFT - 6, y + 4, f"{level:g} A", _FAINT, anchor="end")
        level += step
    xs = _places(moments)
    promised = [bottom - min(most, one.promised_a[line]) * scale for one in moments]
    measured = [bottom - one.measured_a[line] * scale for one in moments]
    capacity = [bottom - one.capacity_a[line] * scale for one in moments]
    yield Stairs(xs, promised, _PROMISED, bottom=bottom, opacity=0.45)
    yield Stairs(xs, measured, _MEASURED, bottom=bottom, opacity=0.75)
    yield Stairs(xs, capacity, _CAPACITY, width=1.8)
    for x, end, one in zip(xs, xs[1:], moments, strict=False):
        if one.measured_a[line] > one.capacity_a[line] + 0.05:
            yield Box(x, top, max(end - x, 1.5), 5, _OVER)


def _places(moments: Sequence[Moment]) -> list[float]:
    """Where each interval begins, and the last one ends."""
    lasts = moments[1].at - moments[0].at if len(moments) > 1 else 300.0
    first = moments[0].at - lasts
    width = WIDTH - _LEFT - _RIGHT
    span = moments[-1].at - first
    return [_LEFT, *(_LEFT + width * (one.at - first) / span for one in moments)]


def _days(history: History, moments: Sequence[Moment], height: int) -> Iterator[Rule | Words]:
    """The hours or days below the picture."""
    zone = ZoneInfo(history.zone)
    lasts = moments[1].at - moments[0].at if len(moments) > 1 else 300.0
    first, last = moments[0].at - lasts, moments[-1].at
    hours = next((one for one in (1, 2, 3, 6, 12, 24, 48, 168) if (last - first) / 3600 / one <= 15), 672)
    at = (
        datetime.fromtimestamp(first, UTC).astimezone(zone).replace(minute=0, second=0, microsecond=0, hour=0)
    )
    while at.timestamp() <= last:
        if at.timestamp() >= first:
            x = _LEFT + (WIDTH - _LEFT - _RIGHT) * (at.timestamp() - first) / (last - first)
            label = f"{at:%a %d}" if at.hour == 0 else f"{at:%H:%M}"
            yield Rule(x, _TOP, x, height - _BOTTOM, _DAY, dashed=True)
            if x < WIDTH - 60:
                yield Words(x + 3, height - 12, label, _FAINT)
        at = (at.astimezone(UTC) + timedelta(hours=hours)).astimezone(zone)


def _step(most: float) -> float:
    for step in (1.0, 2.0, 5.0, 10.0, 20.0, 25.0, 50.0, 100.0, 200.0, 500.0):
        if most / step <= 6:
            return step
    return 1000.0


def _local(history: History, moment: Moment) -> datetime:
    return datetime.fromtimestamp(moment.at, UTC).astimezone(ZoneInfo(history.zone))
