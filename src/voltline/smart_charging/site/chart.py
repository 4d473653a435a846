"""A site over time as a picture: what its lines had, what was promised, what flowed. SVG, for any browser."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html import escape
from zoneinfo import ZoneInfo

from voltline.smart_charging.site.history import History, Moment

WIDTH = 1100
_PANEL, _GAP, _LEFT, _RIGHT, _TOP, _BOTTOM = 190, 34, 58, 16, 78, 34
_MOST_POINTS = 1600
_CAPACITY, _PROMISED, _MEASURED, _OVER = "#b3261e", "#7aa7d9", "#1b4f8a", "#d93025"


def chart(history: History, lines: Sequence[str] = ()) -> str:
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
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" font-family="sans-serif" font-size="12" role="img">',
        f"<title>{escape(history.site)}: capacity, allocation and measured draw</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="22" font-size="16" font-weight="bold">{escape(history.site)}</text>',
        f'<text x="{WIDTH - _RIGHT}" y="22" text-anchor="end" fill="#555">{span}, '
        f"{escape(history.zone)}</text>",
        *_legend(),
    ]
    for number, line in enumerate(chosen):
        parts += _panel(history, moments, line, _TOP + number * (_PANEL + _GAP))
    parts += _days(history, moments, height)
    return "\n".join([*parts, "</svg>\n"])


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


def _legend() -> list[str]:
    parts: list[str] = []
    x = _LEFT
    for colour, label in (
        (_CAPACITY, "capacity"),
        (_PROMISED, "allocated: the most that may be drawn"),
        (_MEASURED, "drawn"),
    ):
        parts.append(f'<rect x="{x}" y="34" width="14" height="8" fill="{colour}"/>')
        parts.append(f'<text x="{x + 20}" y="42" fill="#333">{label}</text>')
        x += 40 + 7 * len(label)
    return parts


def _panel(history: History, moments: Sequence[Moment], line: int, top: int) -> list[str]:
    # What is promised may be far beyond it: before charge points have their fail-safe defaults.
    most = 1.15 * max(max(one.capacity_a[line], one.measured_a[line]) for one in moments)
    step = _step(most)
    scale = _PANEL / (most or 1.0)
    bottom = top + _PANEL
    parts = [f'<text x="{_LEFT}" y="{top - 6}" font-weight="bold">{escape(history.lines[line])}</text>']
    level = 0.0
    while level <= most:
        y = bottom - level * scale
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}" stroke="#e4e4e4"/>')
        parts.append(
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" fill="#555">{level:g} A</text>'
        )
        level += step
    xs = _places(moments)

    def stairs(values: Sequence[float]) -> str:
        path = [f"M{xs[0]:.1f} {bottom - values[0] * scale:.1f}"]
        for x, value in zip(xs[1:], values, strict=True):
            path.append(f"V{bottom - value * scale:.1f}H{x:.1f}")
        return "".join(path)

    promised = stairs([min(most, one.promised_a[line]) for one in moments])
    measured = stairs([one.measured_a[line] for one in moments])
    capacity = stairs([one.capacity_a[line] for one in moments])
    close = f"V{bottom}H{xs[0]:.1f}Z"
    parts += [
        f'<path d="{promised}{close}" fill="{_PROMISED}" fill-opacity="0.45"/>',
        f'<path d="{measured}{close}" fill="{_MEASURED}" fill-opacity="0.75"/>',
        f'<path d="{capacity}" fill="none" stroke="{_CAPACITY}" stroke-width="1.8"/>',
    ]
    for x, end, one in zip(xs, xs[1:], moments, strict=False):
        if one.measured_a[line] > one.capacity_a[line] + 0.05:
            width = max(end - x, 1.5)
            parts.append(f'<rect x="{x:.1f}" y="{top}" width="{width:.1f}" height="5" fill="{_OVER}"/>')
    return parts


def _places(moments: Sequence[Moment]) -> list[float]:
    """Where each interval begins, and the last one ends."""
    lasts = moments[1].at - moments[0].at if len(moments) > 1 else 300.0
    first = moments[0].at - lasts
    width = WIDTH - _LEFT - _RIGHT
    span = moments[-1].at - first
    return [_LEFT, *(_LEFT + width * (one.at - first) / span for one in moments)]


def _days(history: History, moments: Sequence[Moment], height: int) -> list[str]:
    """The hours or days below the picture."""
    zone = ZoneInfo(history.zone)
    lasts = moments[1].at - moments[0].at if len(moments) > 1 else 300.0
    first, last = moments[0].at - lasts, moments[-1].at
    hours = next((one for one in (1, 2, 3, 6, 12, 24, 48, 168) if (last - first) / 3600 / one <= 15), 672)
    at = (
        datetime.fromtimestamp(first, UTC).astimezone(zone).replace(minute=0, second=0, microsecond=0, hour=0)
    )
    parts: list[str] = []
    while at.timestamp() <= last:
        if at.timestamp() >= first:
            x = _LEFT + (WIDTH - _LEFT - _RIGHT) * (at.timestamp() - first) / (last - first)
            label = f"{at:%a %d}" if at.hour == 0 else f"{at:%H:%M}"
            parts.append(
                f'<path d="M{x:.1f} {_TOP}V{height - _BOTTOM}" stroke="#ccc" stroke-dasharray="2 3"/>'
            )
            if x < WIDTH - 60:
                parts.append(f'<text x="{x + 3:.1f}" y="{height - 12}" fill="#555">{label}</text>')
        at = (at.astimezone(UTC) + timedelta(hours=hours)).astimezone(zone)
    return parts


def _step(most: float) -> float:
    for step in (1.0, 2.0, 5.0, 10.0, 20.0, 25.0, 50.0, 100.0, 200.0, 500.0):
        if most / step <= 6:
            return step
    return 1000.0


def _local(history: History, moment: Moment) -> datetime:
    return datetime.fromtimestamp(moment.at, UTC).astimezone(ZoneInfo(history.zone))
