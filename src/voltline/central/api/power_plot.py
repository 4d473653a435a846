"""A power curve as a small picture."""

from __future__ import annotations

from collections.abc import Sequence

from voltline.central.domain.energy import PowerPoint

_WIDTH, _HEIGHT = 640, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 12, 12, 28
_MOST_POINTS = 2000


def power_plot(points: Sequence[PowerPoint]) -> str:
    """The curve as SVG: power in kW over the time in UTC. Of very many points every nth is drawn."""
    drawn = points[:: len(points) // _MOST_POINTS + 1]
    inner_width, inner_height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="11" role="img">',
        "<title>Active power over time</title>",
        f'<path d="M{_LEFT} {_TOP}V{_HEIGHT - _BOTTOM}H{_WIDTH - _RIGHT}" fill="none" stroke="#888"/>',
    ]
    if drawn:
        first, last = drawn[0].at, drawn[-1].at
        span = max((last - first).total_seconds(), 1.0)
        top = max(max(point.power_w for point in drawn), 1.0)
        places = " ".join(
            f"{_LEFT + inner_width * (point.at - first).total_seconds() / span:.1f},"
            f"{_TOP + inner_height * (1 - max(point.power_w, 0.0) / top):.1f}"
            for point in drawn
        )
        parts += [
            f'<polyline points="{places}" fill="none" stroke="#1769aa" stroke-width="1.5"/>',
            f'<text x="{_LEFT - 6}" y="{_TOP + 9}" text-anchor="end">{top / 1000:.4g} kW</text>',
            f'<text x="{_LEFT - 6}" y="{_HEIGHT - _BOTTOM}" text-anchor="end">0</text>',
            f'<text x="{_LEFT}" y="{_HEIGHT - 10}">{first:%Y-%m-%d %H:%M}</text>',
            f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 10}" text-anchor="end">{last:%Y-%m-%d %H:%M}</text>',
        ]
    else:
        parts.append(
            f'<text x="{_WIDTH / 2}" y="{_HEIGHT / 2}" text-anchor="middle">no reading tells the power</text>'
        )
    return "\n".join([*parts, "</svg>"])
