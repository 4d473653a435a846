"""A fuse of a site over time as a picture: what it has, what was given away, what was drawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from xml.sax.saxutils import escape

from msgspec import Struct

from voltline.central.domain.sites import SitePoint

_WIDTH, _PANEL, _LEFT, _RIGHT, _TOP, _BOTTOM, _GAP = 860, 150, 56, 14, 44, 30, 16
_MOST_POINTS = 1500


class _Line(Struct, frozen=True):
    name: str
    colour: str
    field: str
    dashes: str = ""


_LINES = (
    _Line("capacity", "#b03030", "capacity_a"),
    _Line("may be drawn", "#d08a20", "possible_a", "4 3"),
    _Line("allocated", "#1769aa", "allocated_a"),
    _Line("measured", "#2e7d32", "measured_a"),
)


def site_plot(site: str, fuse: str, points: Sequence[SitePoint]) -> str:
    """SVG: a panel for each phase, ampere over the time in UTC. Of very many points every nth is drawn."""
    series = [
        (point.at, one)
        for point in points[:: len(points) // _MOST_POINTS + 1]
        for one in point.fuses
        if one.fuse == fuse
    ]
    height = _TOP + 3 * _PANEL + 2 * _GAP + _BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
        f'height="{height}" font-family="sans-serif" font-size="11" role="img">',
        f"<title>{escape(site)}, {escape(fuse)}: currents over time</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="18" font-size="13">{escape(site)}, {escape(fuse)}</text>',
        *_legend(),
    ]
    if not series:
        parts.append(f'<text x="{_WIDTH / 2}" y="{height / 2}" text-anchor="middle">no history yet</text>')
        return "\n".join([*parts, "</svg>"])
    top_a = max(1.0, *(one.rating_a for _, one in series), *(max(one.possible_a) for _, one in series)) * 1.05
    first, last = series[0][0], series[-1][0]
    for phase in range(3):
        top = _TOP + phase * (_PANEL + _GAP)
        parts += _frame(phase, top, top_a)
        for line in _LINES:
            amounts = [(at, float(getattr(one, line.field)[phase])) for at, one in series]
            places = _steps(amounts, first, last, top, top_a)
            dashes = f' stroke-dasharray="{line.dashes}"' if line.dashes else ""
            parts.append(
                f'<polyline points="{places}" fill="none" stroke="{line.colour}" stroke-width="1.4"{dashes}/>'
            )
    y = height - 10
    parts += [
        f'<text x="{_LEFT}" y="{y}">{first:%Y-%m-%d %H:%M}</text>',
        f'<text x="{_WIDTH - _RIGHT}" y="{y}" text-anchor="end">{last:%Y-%m-%d %H:%M} UTC</text>',
    ]
    return "\n".join([*parts, "</svg>"])


def _legend() -> list[str]:
    parts = []
    x = _LEFT
    for line in _LINES:
        dashes = f' stroke-dasharray="{line.dashes}"' if line.dashes else ""
        parts.append(
            f'<path d="M{x} 32h22" stroke="{line.colour}" stroke-width="2"{dashes}/>'
            f'<text x="{x + 28}" y="36">{line.name}</text>'
        )
        x += 130
    return parts


def _frame(phase: int, top: float, top_a: float) -> list[str]:
    bottom = top + _PANEL
    return [
        f'<path d="M{_LEFT} {top}V{bottom}H{_WIDTH - _RIGHT}" fill="none" stroke="#888"/>',
        f'<text x="{_LEFT - 6}" y="{top + 9}" text-anchor="end">{top_a:.4g} A</text>',
        f'<text x="{_LEFT - 6}" y="{bottom}" text-anchor="end">0</text>',
        f'<text x="{_LEFT - 6}" y="{(top + bottom) / 2}" text-anchor="end">L{phase + 1}</text>',
    ]


def _steps(
    amounts: Sequence[tuple[datetime, float]], first: datetime, last: datetime, top: float, top_a: float
) -> str:
    span = max((last - first).total_seconds(), 1.0)
    places: list[str] = []
    before: float | None = None
    for at, amount in amounts:
        x = _LEFT + (_WIDTH - _LEFT - _RIGHT) * (at - first).total_seconds() / span
        y = top + _PANEL * (1 - max(amount, 0.0) / top_a)
        if before is not None:
            places.append(f"{x:.1f},{before:.1f}")  # it held until now
        places.append(f"{x:.1f},{y:.1f}")
        before = y
    return " ".join(places)
